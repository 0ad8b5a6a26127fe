//! 勤策 (Qince): the pushes it sends us, verified.
