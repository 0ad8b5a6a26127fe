//! Work items, the ports they pass through, and the ports' adapters.
