//! What can happen to one order between Qince and its receiver.

use std::collections::VecDeque;

use chrono::TimeDelta;
use serde::Deserialize;
use serde_json::Value;

use super::{Digest, Encoding, PushStyle, Qince, SignedPush};

/// One order's pushes, in the order in which they arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Story {
    /// Pushed once.
    Once,
    /// Pushed twice, the same.
    Duplicate,
    /// Three versions, in turn.
    Versions,
    /// The newer version first; the older one is redelivered at 01:30.
    LateOlderVersion,
    /// The same version again as a redelivery, because the first answer came too late.
    Redelivered,
    /// Deleted: `data.status` 0 in the last version.
    Deleted,
}

impl Story {
    /// Every story.
    pub const ALL: [Self; 6] = [
        Self::Once,
        Self::Duplicate,
        Self::Versions,
        Self::LateOlderVersion,
        Self::Redelivered,
        Self::Deleted,
    ];
}

impl Qince {
    /// The pushes of one order.
    pub fn tell(&self, story: Story, order: &Value) -> Vec<SignedPush> {
        let second = self.changed(order, TimeDelta::milliseconds(2_500), "CG_FHZ");
        let first_time = PushStyle::default();
        let percent = PushStyle { encoding: Encoding::Percent, ..first_time.clone() };
        let encoded = PushStyle { digest: Digest::Encoded, ..first_time.clone() };
        let again = PushStyle { redelivery: Some(self.clock.now()), ..first_time.clone() };
        match story {
            Story::Once => vec![self.push(order, &encoded)],
            Story::Duplicate => vec![self.push(order, &first_time), self.push(order, &percent)],
            Story::Versions => {
                let third = self.changed(&second, TimeDelta::minutes(5), "CG_YWC");
                [order, &second, &third].map(|version| self.push(version, &first_time)).into()
            }
            Story::LateOlderVersion => vec![self.push(&second, &percent), self.push(order, &again)],
            Story::Redelivered => {
                let first = self.push(order, &first_time);
                let again = PushStyle { msg_id: Some(first.msg_id.clone()), ..again };
                vec![first, self.push(order, &again)]
            }
            Story::Deleted => {
                let mut deleted = second;
                deleted["status"] = Value::from("0");
                vec![self.push(order, &first_time), self.push(&deleted, &first_time)]
            }
        }
    }

    /// The stories of many orders at once, mixed at random; each order's own pushes keep their order.
    pub fn mix(&self, stories: impl IntoIterator<Item = Vec<SignedPush>>) -> Vec<SignedPush> {
        let mut stories: Vec<VecDeque<SignedPush>> = stories.into_iter().map(VecDeque::from).collect();
        let mut mixed = Vec::new();
        stories.retain(|story| !story.is_empty());
        while let Ok(count @ 1..) = u32::try_from(stories.len()) {
            let place = self.dice.below(count) as usize;
            mixed.extend(stories[place].pop_front());
            stories.retain(|story| !story.is_empty());
        }
        mixed
    }
}
