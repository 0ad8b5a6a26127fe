//! What is seen of rows on their way: how they are queued, and what Kingdee's records say.

use relay_core::{Outgoing, WorkItem};

use super::{Books, State};
use crate::scenario::Drawing;

/// The kinds of base data that lists become.
const KINDS: [&str; 3] = ["customer", "supplier", "store"];

impl Books {
    /// Messages were queued. What a person replays is not counted.
    pub(in crate::world) fn hear_of_messages(&self, messages: &[Outgoing]) {
        if self.drawing != Drawing::Lists {
            return;
        }
        let items =
            messages.iter().filter_map(|message| serde_json::from_str::<WorkItem>(&message.body).ok());
        let mut state = self.state();
        for item in items.filter(|item| item.replay.is_none()) {
            *state.queued.entry((item.flow, item.key)).or_default() += 1;
        }
    }

    /// What records of base data say, one after the other.
    pub(super) fn look_at_records(&self, state: &mut State, called: &str) {
        if !called.contains("/jdy/") {
            return;
        }
        for kind in KINDS {
            for saved in self.vendors.kingdee.saved_of(kind) {
                let name = saved.body["name"].as_str().unwrap_or_default().to_owned();
                let said = state.records.entry((kind, saved.number)).or_default();
                if said.last() != Some(&name) {
                    said.push(name);
                }
            }
        }
    }
}
