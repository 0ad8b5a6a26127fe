//! `relay backup`: the store of one machine, copied while it is used.

use std::path::{Path, PathBuf, absolute};

use relay_core::clock::{Clock as _, SystemClock};
use relay_host::stores::{Held, Mark, back_up};
use relay_host::{Store, Wiring, settings};
use relay_job::backups::{self, Backup};
use relay_operations::times::{shown, size};
use serde_json::json;

use super::operations;
use crate::language::said;
use crate::output::say;
use crate::{Done, WrongUsage};

/// What is true of the store alone, and not of its copy.
const OF_THE_STORE: [&str; 2] = ["running/", "health/task/"];

/// What `RELAY_STORE` says of a stack, whose tables need not be named for this answer.
const STACK: &str = "aws";

/// `relay backup`
pub(crate) async fn run(to: &Path, json: bool) -> anyhow::Result<Done> {
    let settings = settings::of_process();
    if settings.get("RELAY_STORE") == Some(STACK) {
        return Ok(of_a_stack());
    }
    let Store::Sqlite(store) = settings::store(&settings)? else { return Ok(of_a_stack()) };
    let at = SystemClock.now();
    let to = absolute(named(to, &shown(at)))?;
    if to.exists() {
        let file = to.display();
        return Err(WrongUsage(said!(
            "{file} 已经有了,不覆盖:换一个名字",
            "{file} is there, and is not overwritten: name another"
        ))
        .into());
    }
    let mark = backups::mark(at);
    let mark = Mark { name: backups::COPY, value: &mark, without: &OF_THE_STORE };
    let held = back_up(&store, &to, &mark)?;
    let backup = Backup { at, file: to.display().to_string(), bytes: held.bytes };
    // A store of an earlier program stays one: whoever makes a backup before an upgrade wants its way back.
    if held.is_current {
        let wiring = Wiring::to_look_at().await?;
        operations(&wiring).note_backup(&backup).await?;
    }
    match json {
        true => say!("{}", json!({ "backup": backup, "holds": held })),
        false => print(&backup, &held),
    }
    Ok(Done::Well)
}

/// In a folder the file is named by the time.
fn named(to: &Path, time: &str) -> PathBuf {
    match to.is_dir() {
        true => to.join(format!("relay-{}.db", time.replace(' ', "-").replace(':', ""))),
        false => to.to_owned(),
    }
}

/// Nothing is copied: who has it made by night is to notice.
fn of_a_stack() -> Done {
    say!(
        "这里没有复制什么:存储在 AWS 上,由 AWS 备份。每张 DynamoDB 表都开着时间点恢复(PITR),35 天内任何一秒的内容都能恢复成旁边的一张新表\
         (`aws dynamodb restore-table-to-point-in-time`);队列里的消息存 13 天,归档在 S3。怎样换上恢复的表,见 docs/aws.md。",
        "No backup was written: this store is on AWS, which keeps them. Point-in-time recovery is on for each DynamoDB table, so that what it held \
         at any second of the last 35 days can be restored as a table beside it (`aws dynamodb restore-table-to-point-in-time`); messages stand \
         in their queues for 13 days, and the archive in S3. docs/aws.md tells how a restored table is put in its place."
    );
    Done::WithFailures
}

fn print(backup: &Backup, held: &Held) {
    let Held { documents, failed, waiting, dead, histories, imported, is_current, .. } = held;
    let (file, bytes) = (&backup.file, size(backup.bytes));
    say!("备份写好了:{file}", "The backup is written: {file}");
    say!(
        "{bytes},从头到尾读过,完好;是 {} 那一刻的全部",
        "{bytes}, read through and whole; all that there was at {}",
        shown(backup.at)
    );
    say!(
        "  台账里的单据  {documents},其中失败 {failed}",
        "  documents in the ledger  {documents}, of which {failed} failed"
    );
    say!(
        "  队列里的消息  {waiting},死信 {dead}",
        "  messages in queues       {waiting}, and {dead} dead letters"
    );
    say!("  经过(归档)    {histories}", "  histories (the archive)  {histories}");
    say!("  导入的编码    {imported}", "  imported codes           {imported}");
    say!(
        "设置、流程文件和密钥不在里面:把它们的文件夹一起备份。",
        "Settings, flow files and secrets are not in it: back their folder up too."
    );
    if !is_current {
        say!(
            "存储是较早的程序的,原样没动;这次备份没有记进 `relay log`。",
            "The store is an earlier program's, and was left as it is; this backup is not in `relay log`."
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_a_folder_a_backup_is_named_by_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let inside = named(folder.path(), "2026-11-30 03:00:12");
        assert_eq!(inside, folder.path().join("relay-2026-11-30-030012.db"));
        assert_eq!(named(Path::new("mine.db"), ""), Path::new("mine.db"));
    }
}
