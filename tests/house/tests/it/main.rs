//! The rules of the house, and whether what is made from the code is as the code has it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set itself up fails")]

mod bill;
mod catalogs;
mod links;
mod made;
mod roles;
mod rules;
mod security;
mod settings;
mod template;
mod twins;
