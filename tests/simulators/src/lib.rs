//! The four vendors, simulated as strictly as their sheets, misbehaving on request.
