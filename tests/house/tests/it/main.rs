//! The rules of the house, and whether what is made from the code is as the code has it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

mod made;
mod rules;
mod settings;
mod template;
