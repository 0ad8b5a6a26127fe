//! Tables that a person imports, and the codes that nobody knows.

use relay_core::item::content_hash;
use relay_core::{EntryId, Failed, FailureClass, UnknownCode, ledger};
use relay_operations::lookups::{Columns, Held};
use serde_json::json;

use crate::desk::{Desk, KINGDEE, TRADES};

const SHOPS: &str = "shop_no,customer,税率\nS1,C1,0.13\n\"S,2\",C2,\n";

/// What is wrong with a file, which was imported not even in part.
async fn refused(desk: &Desk, table: &str, csv: &[u8]) -> Vec<String> {
    let before = desk.stores.lookups.list(None).await.unwrap();
    let imported = desk.ask().import_table(table, csv, &Columns::default()).await.unwrap();
    assert_eq!(desk.stores.lookups.list(None).await.unwrap(), before, "nothing is half imported");
    assert!(imported.imported == 0 && !imported.mistakes.is_empty());
    imported.mistakes
}

async fn imported(desk: &Desk, table: &str, csv: &[u8]) -> Vec<Held> {
    let imported = desk.ask().import_table(table, csv, &Columns::default()).await.unwrap();
    assert!(imported.mistakes.is_empty(), "{:?}", imported.mistakes);
    desk.ask().table(table, None).await.unwrap()
}

#[tokio::test]
async fn a_file_is_read_in_whatever_encoding_excel_wrote_it() {
    let wanted = imported(&Desk::new(), "table.shop", SHOPS.as_bytes()).await;
    assert_eq!(wanted.len(), 2);
    assert_eq!(json!(wanted[1].row), json!({ "customer": "C1", "税率": "0.13" }));
    let gbk = encoding_rs::GB18030.encode(SHOPS).0.into_owned();
    let utf16: Vec<u8> = format!("\u{FEFF}{SHOPS}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let tabs = SHOPS.replace("\"S,2\"", "S;2").replace(',', "\t").replace("S;2", "S,2");
    for file in [
        gbk,
        utf16,
        format!("\u{FEFF}{SHOPS}").into_bytes(),
        tabs.into_bytes(),
        SHOPS.replace('\n', "\r\n").into_bytes(),
        // With the empty rows and columns that stand beside a table.
        "\n,,\nshop_no,customer,税率,,\nS1 ,C1,0.13,,\n,,,,\n\"S,2\",C2,,,\n".into(),
    ] {
        assert_eq!(
            imported(&Desk::new(), "table.shop", &file).await,
            wanted,
            "{}",
            String::from_utf8_lossy(&file)
        );
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_a_table_says_why_and_is_imported_not_even_in_part() {
    let desk = Desk::new();
    for (file, said) in [
        ("PK\u{3}\u{4}…", "it is a workbook of Excel: save it as CSV (文件 → 另存为 → CSV UTF-8)"),
        ("", "the file is empty"),
        ("code\nS1\n", "the file has nothing but the code, `code`"),
        ("code,a,a\n", "line 1: two columns are called `a`, the second is column 3"),
        ("code,,a\n", "line 1: column 2 has no name"),
        (
            "S1,1001\nS2,1002\n",
            "line 1: the first line must name the columns, and `1001` is a number: write a line of names above it, or say \
             what they are (--columns code,name,…)",
        ),
        (
            "\nSH-1,KH-01\nSH-20,KH-02\n",
            "line 2: the first line must name the columns, and `SH-1` looks like one of the codes below it: write a line of \
             names above it, or say what they are (--columns code,name,…)",
        ),
        ("code,a\nS1,1\nS2,2\nS1,1\n", "line 4: the code `S1` is on line 2 already"),
        ("code,a\r\nS1,1\r\n\r\nS1,1\r\n", "line 4: the code `S1` is on line 2 already"),
        ("code,a\nS1,1\n ,2\n", "line 3: the code is empty (column `code`)"),
        ("code,a\nS1,1,2\n", "line 2: it has 3 cells, and the header names 2 columns"),
        (
            "code,a\n1.23457E+12,1\n",
            "line 2: `1.23457E+12` is what Excel makes of a long number: format the column as text (文本), and type it again",
        ),
    ] {
        assert_eq!(refused(&desk, "table.shop", file.as_bytes()).await[0], said, "{file:?}");
    }
    let vendors = |text: &str| text.replace("CODE", "A1").into_bytes();
    for (file, said) in [
        ("code,id\nCODE,\n", "line 2: the id is empty (column `id`)"),
        ("code,id\nCODE,　\n", "line 2: the id is empty (column `id`)"),
        (
            "code,id\nCODE,1.72704E+18\n",
            "line 2: `1.72704E+18` is what Excel makes of a long number: format the column as text (文本), and type it again",
        ),
        (
            "code,id\nCODE,#N/A\n",
            "line 2: `#N/A` is what Excel writes where it shows no value: correct the cell, and save it again",
        ),
    ] {
        assert_eq!(refused(&desk, "kingdee.customer", &vendors(file)).await[0], said, "{file:?}");
    }
    assert_eq!(
        refused(&desk, "table.shop", b"code,customer\nS1,########\n").await[0],
        "line 2: `########` is what Excel writes where it shows no value: correct the cell, and save it again"
    );
    let neither = [b"code,a\n\xff\xff\xff,1\n".as_slice(), b"code,a\n\x81".as_slice()];
    for file in neither {
        assert!(refused(&desk, "table.shop", file).await[0].contains("neither in UTF-8 nor in GBK"));
    }
    assert_eq!(
        refused(&desk, "kingdee.customer", b"code,a,b\n1,2,3\n").await[0],
        "`kingdee.customer` takes two columns, the code and the id"
    );
    let error = desk.ask().import_table("kingdee.custmer", b"", &Columns::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no look-up table `kingdee.custmer`: did you mean `kingdee.customer`? (a table of yours is called `table.` \
         and a word: `table.region`)"
    );
}

#[tokio::test]
async fn a_file_of_several_tables_is_imported_as_a_whole_or_not_at_all() {
    let desk = Desk::new();
    let file = "table,code,id\nkingdee.customer,A1,1\nkingdee.material,A1,2\nkingdee.customer,A1,3\nkingdee.customer,,4\n\
                kingdee.customer,A2,\nkingdee.customer,A3,1.23E+12\nkingdee.customer,1.5E+15,5\nkingdee.custmer,A4,6\n";
    let imported = desk.ask().import_lookups(file.as_bytes()).await.unwrap();
    let told: Vec<_> = imported.mistakes.iter().map(|mistake| mistake.split(':').next().unwrap()).collect();
    assert_eq!(told, ["line 4", "line 5", "line 6", "line 7", "line 8", "line 9"], "{:?}", imported.mistakes);
    for (place, said) in [
        (0, "line 4: the code `A1` is on line 2 already"),
        (1, "line 5: the code is empty (column `code`)"),
        (2, "line 6: the id is empty (column `id`)"),
        (3, "line 7: `1.23E+12` is what Excel makes"),
        (4, "line 8: `1.5E+15` is what Excel makes"),
    ] {
        assert!(imported.mistakes[place].starts_with(said), "{:?}", imported.mistakes);
    }
    assert_eq!((imported.imported, desk.stores.lookups.list(None).await.unwrap().len()), (0, 0));
}

#[tokio::test]
async fn codes_and_ids_that_look_like_numbers_survive_to_their_last_sign() {
    let desk = Desk::new();
    let rows = [
        ("00123", "007"),
        ("12345678901234567890", "98765432109876543210"),
        ("1E+5", "1.10"),
        ("1e400", "-0"),
        ("1e5", "0.1e3"),
    ];
    let lines: String = rows.iter().map(|(code, id)| format!("{code},{id}\n")).collect();
    for (table, head) in [("kingdee.customer", "code,id\n"), ("table.plain", "1e5,inf\n")] {
        let file = format!("{head}{lines}");
        let held = imported(&desk, table, file.as_bytes()).await;
        let codes: Vec<_> = held.iter().map(|held| held.code.as_str()).collect();
        assert_eq!(codes, rows.map(|(code, _)| code), "{table}");
        assert_eq!(desk.ask().export_table(table).await.unwrap(), format!("\u{FEFF}{file}"));
    }
}

#[tokio::test]
async fn what_a_vendor_has_answered_is_exported_by_nobody() {
    let desk = Desk::new();
    let tomorrow = Some("2026-11-29T04:00:00Z".parse().unwrap());
    desk.stores.lookups.put("kingdee.customer", "A1", "1", tomorrow).await.unwrap();
    let none = desk.ask().export_table("kingdee.customer").await.unwrap_err().to_string();
    assert!(none.starts_with("nothing was imported into `kingdee.customer`"), "{none}");
    imported(&desk, "kingdee.customer", b"code,id\nA2,2\n").await;
    assert_eq!(desk.ask().export_table("kingdee.customer").await.unwrap(), "\u{FEFF}code,id\nA2,2\n");
    assert_eq!(desk.ask().table("kingdee.customer", None).await.unwrap().len(), 2, "it is shown");
}

#[tokio::test]
async fn rows_are_added_to_those_that_are_there_or_take_their_place() {
    let desk = Desk::new();
    imported(&desk, "table.stock", b"shop,store,id\nS1,W1,1\n").await;
    let both = Columns { code: vec!["shop".to_owned(), "store".to_owned()], ..Columns::default() };
    let other = desk.ask().import_table("table.stock", b"shop,store,id\nS2,W1,2\n", &both).await.unwrap();
    assert_eq!(
        other.mistakes,
        [
            "the table holds rows with the columns `shop` and `store`, `id` already: give the file the same ones, or take the \
             place of all rows with --replace"
        ]
    );
    let replacing = Columns { replaces: true, ..both.clone() };
    desk.ask().import_table("table.stock", b"shop,store,id\nS1,W/1,1\nS2,W1,2\n", &replacing).await.unwrap();
    desk.ask().import_table("table.stock", b"shop,store,id\nS2,W1,9\n", &both).await.unwrap();
    let csv = desk.ask().export_table("table.stock").await.unwrap();
    assert_eq!(csv, "\u{FEFF}shop,store,id\nS1,W/1,1\nS2,W1,9\n");
    let again = desk.ask().import_table("table.stock", csv.as_bytes(), &both).await.unwrap();
    assert_eq!((again.imported, again.mistakes.len()), (2, 0), "{again:?}");

    let nameless = Columns { named: Some(vec!["code".to_owned(), "a".to_owned()]), ..Columns::default() };
    let plain = desk.ask().import_table("table.plain", b"1,2\n3,4\n", &nameless).await.unwrap();
    assert_eq!((plain.imported, plain.mistakes.len()), (2, 0), "{plain:?}");
    assert_eq!(desk.ask().remove_lookups("table.plain", Some("3")).await.unwrap(), 1);
    assert_eq!(desk.ask().remove_lookups("table.plain", None).await.unwrap(), 1);
    assert_eq!(
        desk.ask().table("table.plain", None).await.unwrap_err().to_string(),
        "the look-up table `table.plain` holds nothing"
    );
}

/// A trade that failed for codes.
async fn waits(desk: &Desk, key: &str, codes: &[(&str, &str)]) {
    let document = json!({ "trade_no": key, "modified": "2026-11-28 11:00:00" });
    let missing =
        |(table, code): &(&str, &str)| UnknownCode { table: (*table).to_owned(), code: (*code).to_owned() };
    let at = "2026-11-28T04:00:00Z".parse().unwrap();
    let missing: Vec<_> = codes.iter().map(missing).collect();
    for code in &missing {
        desk.stores.lookups.wait(code, &EntryId::new(TRADES, key)).await.unwrap();
    }
    let failed = Failed {
        version: Some("2026-11-28 11:00:00".to_owned()),
        version_kind: None,
        hash: content_hash(&document),
        class: FailureClass::Mapping,
        code: None,
        message: "no entry".to_owned(),
        attempts: 1,
        document,
        received_at: at,
        at,
        trace: "t".to_owned(),
        replay: None,
        step: None,
        target_id: None,
        missing,
    };
    assert!(
        ledger::record_failure(desk.stores.ledger.as_ref(), &EntryId::new(TRADES, key), &failed)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn each_code_that_nobody_knows_is_listed_once_and_its_import_sends_what_waits_for_it() {
    let desk = Desk::new();
    waits(&desk, "JY1", &[("kingdee.material", "A1"), ("table.shop", "S1")]).await;
    waits(&desk, "JY2", &[("kingdee.material", "A1")]).await;
    waits(&desk, "JY3", &[("table.shop.税率", "S2"), ("table.shops", "S1")]).await;
    let listed = async |table| {
        let missing = desk.ask().missing(table).await.unwrap();
        missing.into_iter().map(|code| (code.table, code.code, code.documents)).collect::<Vec<_>>()
    };
    let code = |table: &str, code: &str, documents| (table.to_owned(), code.to_owned(), documents);
    assert_eq!(listed(None).await.len(), 4);
    assert_eq!(listed(None).await[0], code("kingdee.material", "A1", 2), "what most wait for stands first");
    assert_eq!(
        listed(Some("table.shop")).await,
        [code("table.shop", "S1", 1), code("table.shop.税率", "S2", 1)]
    );

    let imported = desk.ask().import_lookups(b"table,code,id\nkingdee.material,A1,9\n").await.unwrap();
    assert_eq!((imported.imported, imported.released.sent), (1, 2));
    let waiting = async |table: &str, code: &str| {
        let code = UnknownCode { table: table.to_owned(), code: code.to_owned() };
        desk.stores.lookups.waiting(&code, None, 10).await.unwrap().len()
    };
    assert_eq!((waiting("kingdee.material", "A1").await, waiting("table.shop", "S1").await), (0, 1));
    let imported = desk
        .ask()
        .import_table("table.shop", b"code,a,\xe7\xa8\x8e\xe7\x8e\x87\nS2,1,2\n", &Columns::default())
        .await;
    assert_eq!(imported.unwrap().released.sent, 1);
    assert_eq!(desk.stores.queue.depth(KINGDEE).await.unwrap().waiting, 3);
}
