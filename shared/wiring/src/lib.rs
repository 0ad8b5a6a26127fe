//! From settings to what a function is handed: flows, stores, vendor clients.
