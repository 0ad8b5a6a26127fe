//! What the client sends, and what it makes of each answer.

mod lookups;
mod saving;
mod session;
mod signature;
mod support;
