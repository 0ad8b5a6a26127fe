//! The simulated vendors as a program: serves them with sample data until it is stopped.
//!
//! `cargo run -p relay-simulators -- [--port 4670] [--settings]`: on six ports in a row, and on standard output the
//! settings under which a relay may call them, as a shell exports them; with `--settings` that is all it does.

use std::process::ExitCode;
use std::sync::Arc;

use relay_core::clock::SystemClock;
use relay_simulators::{Ports, Vendors};

/// Signs the pushes in `events/`.
const SECRET_OF_THE_SAMPLES: &str = "s0EXAMPLEpushsecret";

struct Arguments {
    ports: Ports,
    settings_alone: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(arguments) = arguments(std::env::args().skip(1)) else {
        eprintln!("usage: simulators [--port FIRST_OF_SIX] [--settings]");
        return ExitCode::from(2);
    };
    print_settings(arguments.ports);
    if arguments.settings_alone {
        return ExitCode::SUCCESS;
    }
    match serve(arguments.ports).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulators: {error}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut given: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments { ports: Ports::from(4670), settings_alone: false };
    while let Some(argument) = given.next() {
        match argument.as_str() {
            "--port" => arguments.ports = Ports::from(given.next()?.parse().ok()?),
            "--settings" => arguments.settings_alone = true,
            _ => return None,
        }
    }
    Some(arguments)
}

fn print_settings(ports: Ports) {
    for (name, value) in relay_simulators::settings() {
        match name {
            "QINCE_PUSH_SECRETS" => println!("export {name}='{value},{SECRET_OF_THE_SAMPLES}'"),
            _ => println!("export {name}='{value}'"),
        }
    }
    for (name, url) in ports.base_urls() {
        println!("export {name}='{url}'");
    }
}

async fn serve(ports: Ports) -> std::io::Result<()> {
    let vendors = Vendors::new(Arc::new(SystemClock), 1);
    // The sample pushes are Qince's, which nobody plays here: `events/` has some.
    _ = vendors.load_demo_data();
    let _served = vendors.serve_on(ports).await?;
    eprintln!(
        "旺店通, 金蝶云·星辰 and 纷享销客 with their sample data, a receiver of JSON and a mail server, until Ctrl-C."
    );
    tokio::signal::ctrl_c().await
}
