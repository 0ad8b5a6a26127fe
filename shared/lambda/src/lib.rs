//! What the four Lambdas share: start-up, secrets, metrics, and the runtime's loop.
