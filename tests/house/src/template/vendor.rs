//! A vendor by the names that it has in the template.

use relay_connector::Setting;
use relay_connectors::CONNECTORS;

/// Words of names that stacks spell otherwise than by the rule. They stay, because a parameter or a queue of another name
/// would be another one; a new vendor goes by the rule.
const SPELT: [(&str, &str); 2] = [("APPKEY", "AppKey"), ("SHARECRM", "ShareCrm")];

/// What people call a vendor, where that is not its system's name.
const CALLED: [(&str, &str); 2] = [("sharecrm", "ShareCRM"), ("wangdian", "WDT")];

/// What the template must know of a vendor.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// Its system, such as `wangdian`.
    pub system: String,
    /// What its connector reads.
    pub settings: &'static [Setting],
    /// What its queue is called in settings, such as `WDT`; `None` where it takes no documents.
    pub queue: Option<&'static str>,
    /// What the paths of its pushes begin with, such as `/qince/`; `None` where it pushes nothing.
    pub webhook: Option<&'static str>,
}

/// The vendors of the registry that a stack has to do with.
#[must_use]
pub fn vendors() -> Vec<Vendor> {
    let vendor = |connector: &&dyn relay_connector::Connector| Vendor {
        system: connector.system().name().to_owned(),
        settings: connector.settings(),
        queue: connector.queue(),
        webhook: connector.webhook_prefix(),
    };
    let of_stacks = CONNECTORS.iter().filter(|connector| connector.not_on_a_stack().is_none());
    of_stacks.map(vendor).collect()
}

impl Vendor {
    /// What its resources are called: `Wangdian` in `WangdianQueue`.
    #[must_use]
    pub fn logical_id(&self) -> String {
        camel_case(&self.system.to_ascii_uppercase())
    }

    /// What people call it: `WDT`.
    #[must_use]
    pub fn called(&self) -> String {
        let exception = CALLED.iter().find(|(system, _)| *system == self.system);
        exception.map_or_else(|| self.logical_id(), |(_, called)| (*called).to_owned())
    }

    /// A text of the template that is written for this vendor, for another one.
    #[must_use]
    pub fn copied(&self, other: &Self, text: &str) -> String {
        let mut text = text.to_owned();
        if let (Some(queue), Some(others)) = (self.queue, other.queue) {
            // An output is called as the setting, and not as the queue that it is of: `WdtQueueUrl` of `WangdianQueue`.
            let url = |queue: &str| format!("{}QueueUrl", camel_case(queue));
            text = text.replace(&url(queue), &url(others));
            text = text.replace(&format!("{queue}_"), &format!("{others}_"));
        }
        if let (Some(path), Some(others)) = (self.webhook, other.webhook) {
            // The first route that there was has no vendor in its name.
            let own = format!("\n  {}Webhook", other.logical_id());
            text = format!("\n{text}").replace("\n  Webhook", &own).replace(path, others);
            text.remove(0);
        }
        let id = self.logical_id();
        let mut parts = text.split(&id);
        let mut copied = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let is_id = part.starts_with(|next: char| next.is_ascii_uppercase());
            copied += &if is_id { other.logical_id() } else { other.called() };
            copied += part;
        }
        copied.replace(&self.system, &other.system)
    }
}

/// A name of settings as one of parameters and resources: `WDT_SHOP_NO` is `WdtShopNo`.
#[must_use]
pub(super) fn camel_case(name: &str) -> String {
    name.split('_').map(word).collect()
}

fn word(capitals: &str) -> String {
    if let Some((_, spelt)) = SPELT.iter().find(|(word, _)| *word == capitals) {
        return (*spelt).to_owned();
    }
    let (first, rest) = capitals.split_at(usize::from(!capitals.is_empty()));
    format!("{first}{}", rest.to_ascii_lowercase())
}
