//! The language of a page: Chinese and English stand side by side wherever something is said ([`relay_operations::language`]).

pub(crate) use relay_operations::language::Language;

use crate::Request;

/// The one that was chosen, else the one that the browser asks for; Chinese where it asks for neither.
pub(crate) fn of(request: &Request) -> Language {
    if let Some(chosen) = request.cookie("lang") {
        return named(chosen);
    }
    let asked = request.accept_language.as_deref().unwrap_or_default().to_lowercase();
    let place = |name: &str| asked.find(name).unwrap_or(usize::MAX);
    if place("en") < place("zh") { Language::English } else { Language::Chinese }
}

pub(crate) fn named(name: &str) -> Language {
    if name == "en" { Language::English } else { Language::Chinese }
}

pub(crate) fn name(language: Language) -> &'static str {
    language.says("zh", "en")
}

/// The other language: its name in addresses, and as who reads it writes it.
pub(crate) fn other(language: Language) -> (&'static str, &'static str) {
    (language.says("en", "zh"), language.says("English", "中文"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(accept: &str, cookie: Option<&str>) -> Request {
        let (accept_language, cookie) = (Some(accept.to_owned()), cookie.map(str::to_owned));
        Request { accept_language, cookie, ..Request::default() }
    }

    #[test]
    fn chinese_comes_first_and_what_was_chosen_before_it() {
        assert_eq!(of(&Request::default()), Language::Chinese);
        assert_eq!(of(&asking("en-GB,en;q=0.9", None)), Language::English);
        assert_eq!(of(&asking("zh-CN,zh;q=0.9,en;q=0.8", None)), Language::Chinese);
        assert_eq!(of(&asking("zh-CN", Some("a=b; lang=en"))), Language::English);
    }
}
