//! 金蝶云·星辰 (Kingdee): V1 orders and base data.
