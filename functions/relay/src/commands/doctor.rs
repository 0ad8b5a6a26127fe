use relay_operations::doctor::{Tried, Went};
use serde_json::json;

use super::{existing_or_none, operations};
use crate::Done;
use crate::language::{self, said};
use crate::output::say;

/// `relay doctor`
pub(crate) async fn run(json: bool) -> anyhow::Result<Done> {
    let (wiring, place, _folder) = existing_or_none().await?;
    let connect = |system| wiring.connection(system).map_err(|error| format!("{error:#}"));
    let tried = operations(&wiring).doctor(&connect).await;
    if json {
        say!("{}", place.with(json!({ "tried": tried })));
    } else {
        say!("{}\n", place.line());
        tried.iter().for_each(print);
    }
    let is_well = tried.iter().all(|tried| tried.went != Went::Wrong);
    Ok(if is_well { Done::Well } else { Done::WithFailures })
}

fn print(Tried { of, what, went, message, look_at, .. }: &Tried) {
    let went = match went {
        Went::Well => said!("正常", "well   "),
        Went::Wrong => said!("错误", "WRONG  "),
        Went::Untried => said!("未试", "untried"),
    };
    let language = language::current();
    let (what, message) = (what.told(language), message.told(language));
    say!("{went} {of}: {what}: {message}");
    look_at.iter().for_each(|place| {
        say!("     看这里:{}", "        look at {}", place.told(language));
    });
}
