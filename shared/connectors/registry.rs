//! The registry: the one list of the vendors that the relay connects.
