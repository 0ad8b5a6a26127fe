//! Flows: what is read, when, and how it becomes the target's document. Pure: no I/O, no clock, no async.
