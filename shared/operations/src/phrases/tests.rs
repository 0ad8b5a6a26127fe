use relay_job::room::Shortage;

use super::*;

#[test]
fn what_is_put_in_stays_and_what_stands_around_it_is_chinese() {
    for (english, chinese) in [
        ("an address", "地址"),
        ("WDT_SID is not set: it expects the seller account (卖家账号)", "WDT_SID 没有设置:要填卖家账号"),
        (
            "settings: WDT_SID is not set: it expects the seller account (卖家账号); KINGDEE_EDITS expects `on` or `off`",
            "设置:WDT_SID 没有设置:要填卖家账号;KINGDEE_EDITS 要填`on` 或 `off`",
        ),
        (
            "material_entity[0].material_id: `spec_no` = \"NEW-2026\" has no entry in `kingdee.material`: create it in the target \
             system, or import it (`relay lookups import`), and replay",
            "material_entity[0].material_id:`spec_no` = \"NEW-2026\" 在 `kingdee.material` 里没有:在目标系统里建好,或导入(`relay \
             lookups import`),再重放",
        ),
        (
            "a: `b` is absent or empty: complete it in the source system, or give the rule a `default`; c: setting D is not set: set it \
             and replay",
            "a:`b` 缺失或为空:在来源系统里补上,或给规则一个 `default`;c:设置 D 没有设:设好后重放",
        ),
    ] {
        assert_eq!(in_chinese(english), chinese);
    }
}

#[test]
fn what_needs_a_person_is_told_in_chinese_by_alerts_too() {
    for (english, chinese) in [
        ("its source is read more than 30 minutes late", "来源的读取落后 30 分钟以上"),
        ("every call to it fails (retry 503)", "每次调用都失败(retry 503)"),
        ("the taking of every push fails (digest)", "每次接收推送都失败(digest)"),
        ("paused by li: stock-taking", "li 暂停了它:stock-taking"),
        ("its sides differ (2 missing)", "各方不一致(2 missing)"),
    ] {
        assert_eq!(in_chinese(english), chinese);
    }
    for short in [Shortage::Large, Shortage::Full] {
        assert_ne!(in_chinese(short.message()), short.message());
    }
}

#[test]
fn what_crossed_is_told_in_chinese_with_both_ids() {
    for english in [
        "version 2026-11-22 21:46:13 (id 71) was sent while another worker delivered version 2026-11-22 21:46:14 (id 72): this one's \
         turn had ended, perhaps because the machine was suspended. kingdee may hold both: delete the older one there, then settle this",
        "version 71 (id 71) was sent while another worker delivered version 72 (id 72): this one's turn had ended, perhaps because the \
         machine was suspended. kingdee may hold either: compare it there; it is sent the newest again when its source hands it over \
         once more",
        "version without a version was sent while another worker delivered version 71 (id 72): and its answer was lost",
        "version 71 was sent while another worker delivered version 71 (id 72), and its answer was lost: this one's turn had ended, \
         perhaps because the machine was suspended. kingdee may hold either, or both: compare it there, then settle this",
        "version 71 (id 71) was sent by two workers at once, because the turn of one had ended: kingdee may hold it a second time, as \
         version 71 (id 72): delete one of the two there, then settle this",
    ] {
        let is_ours = !english.ends_with("was lost");
        let chinese = in_chinese(english);
        assert_eq!(chinese != english, is_ours, "{chinese}");
        assert!(
            !is_ours || chinese.contains("71") && chinese.contains("(id 72)") && !chinese.contains("sent"),
            "{chinese}"
        );
    }
}

#[test]
fn a_vendors_words_stay() {
    for words in
        ["签名错误", "Invalid session", "40: Missing required arguments: sid", "", "; ; ", "<1>", ": "]
    {
        assert_eq!(in_chinese(words), words);
    }
}

#[test]
fn a_long_text_of_signs_that_phrases_have_is_done_with_at_once() {
    let text = "a: `b` = \"c\"; ".repeat(500);
    assert!(in_chinese(&text).len() >= text.len() / 2);
}

#[test]
fn every_phrase_has_its_chinese_once_with_all_that_is_put_in() {
    let mut seen = HashMap::new();
    for (english, chinese) in all() {
        assert_eq!(seen.insert(english, chinese), None, "{english}: twice");
        let is_chinese =
            chinese.chars().any(|char| ('\u{4E00}'..='\u{9FFF}').contains(&char) || "、:(,".contains(char));
        let words =
            pieces(english).iter().any(|piece| matches!(piece, Piece::Words(words) if words.contains(' ')));
        assert!(is_chinese || !words || english == chinese || !english.contains(' '), "{english}: {chinese}");
        let put = |text| {
            let pieces = pieces(text).into_iter();
            let mut put: Vec<_> = pieces
                .filter_map(|piece| match piece {
                    Piece::Put(it) => Some(it.number),
                    Piece::Words(_) => None,
                })
                .collect();
            put.sort_unstable();
            put.dedup();
            put
        };
        assert_eq!(put(english), put(chinese), "{english}: {chinese}");
    }
    assert!(seen.len() > 300, "{}", seen.len());
}
