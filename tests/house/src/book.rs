//! What stands in the site of the documents, in which order.

use crate::Made;
use crate::reference;

/// Where it stands.
pub const FILE: &str = "docs/SUMMARY.md";

const HEAD: &str = "# erp-relay

<!-- Made by `cargo run -p house`, for mdBook (`.ci/book`): change tests/house/src/book.rs, not this file. -->

# 商家

- [中文文档](zh/README.md)
  - [十五分钟接好一个租户](zh/connect.md)
  - [日常任务](zh/tasks.md)
  - [两周里的问题](zh/questions.md)
  - [上线清单](zh/go-live.md)
  - [报错索引](zh/errors.md)
  - [设置](zh/settings.md)
  - [按日记账的例子](zh/grouping-example.md)

# Running it

- [The first order in ten minutes](quick-start.md)
- [Operating](operating.md)
- [Questions of a fortnight](questions.md)
- [Settings](settings.md)
- [Error index](errors.md)
- [Before going live](go-live.md)
- [On AWS](aws.md)
- [Notes on versions](migration.md)

# Writing flows

- [Flow files](flows.md)
- [Booking by the day, an example](grouping-example.md)
- [Which pairs have a flow](pairs.md)
- [Vendors: what is known and decided](vendors.md)
- [Documents and their fields](reference/README.md)
";

const TAIL: &str = "
# Changing it

- [Architecture](architecture.md)
- [Adding a vendor](adding-a-vendor.md)
";

/// The list: the documents of people, and a page for each document of a vendor.
#[must_use]
pub fn summary(pages: &[Made]) -> Made {
    let index = format!("{}/README.md", reference::FOLDER);
    let of = pages.iter().filter(|page| page.file != index).map(|page| {
        // Its name, and below what makes it a page its title.
        let mut lines = page.text.lines().filter(|line| !line.is_empty());
        let name = lines.next().unwrap_or_default().trim_start_matches('#').trim();
        let title = lines.nth(1).unwrap_or_default().replace(['[', ']'], "");
        format!("  - [{name} {title}]({})\n", page.file.trim_start_matches("docs/"))
    });
    Made { file: FILE.to_owned(), text: format!("{HEAD}{}{TAIL}", of.collect::<String>()) }
}
