//! Splits a Chinese address into province, city and district.
