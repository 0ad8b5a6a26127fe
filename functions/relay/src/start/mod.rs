//! What `relay init` writes beside flow files.
//!
//! | module | what |
//! |---|---|
//! | [`settings`] | `relay.toml`, made from what connectors and host declare |
//! | [`service`] | a unit for `systemd` and a `Caddyfile` |

pub(crate) mod service;
pub(crate) mod settings;
