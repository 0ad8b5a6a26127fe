-- The one time that all programs go by that have the file open: so much after the machine was started as `began` says.
CREATE TABLE steady_time (
    boot  TEXT    NOT NULL,
    began INTEGER NOT NULL
);
