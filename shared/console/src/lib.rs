//! The operator's console: each question of an operator on a page, each answer with what can be done about it. Pages are made
//! here, of the values that [`relay_operations`] answers, and hold no script: a browser needs nothing but HTML and a sheet of
//! styles. Whoever serves them hands in the installation and the request.
//!
//! | module | what for |
//! |---|---|
//! | `request` | what a browser asks, and what it is answered |
//! | `guard` | who may ask: a browser on this machine, and actions from our own forms alone |
//! | `language` | Chinese and English, side by side, so that no text lacks its twin |
//! | `page` | the frame of each page, tables, marks |
//! | `screens` | a page for each question |
//! | `actions` | what a person does: weighed first, with its command line beside it, then done |
//! | `privacy` | personal data, masked until somebody asks for it by name |

mod actions;
mod guard;
mod language;
mod page;
mod privacy;
mod request;
mod screens;

use relay_operations::explain::Connect;
use relay_operations::{OperationError, Operations};

pub use request::{Request, Response};

use actions::Action;
use language::Language;
use page::Page;

/// The installation that is looked at.
pub struct Desk<'a> {
    /// What can be asked of it, and done there.
    pub operations: Operations<'a>,
    /// How a vendor is reached, to ask it of what nobody knows.
    pub connect: Connect<'a>,
    /// The store and the flow files, in a line.
    pub place: String,
}

/// The console of one process.
pub struct Console {
    /// What our own forms carry and a stranger's page cannot know.
    token: String,
}

/// One request, with all that an answer to it is made of.
struct Asked<'a> {
    desk: &'a Desk<'a>,
    request: &'a Request,
    language: Language,
    token: &'a str,
}

/// What a request comes to: a page, or the address of the next one.
enum Answer {
    Page(Page),
    Elsewhere(String),
}

impl Console {
    /// A console whose forms carry that token, which nobody can guess.
    #[must_use]
    pub fn new(token: String) -> Self {
        Self { token }
    }

    /// Answers one request.
    pub async fn answer(&self, desk: &Desk<'_>, request: &Request) -> Response {
        if let Err(reason) = guard::check(request, &self.token) {
            return Response::refused(reason);
        }
        if request.path == "/console.css" {
            return Response::styles(page::STYLES);
        }
        if let Some(chosen) = request.field("lang") {
            return Response::in_language(language::named(chosen), request);
        }
        let asked = Asked { desk, request, language: language::of(request), token: &self.token };
        match asked.answer().await {
            Ok(Answer::Page(page)) => Response::page(200, asked.framed(&page)),
            Ok(Answer::Elsewhere(address)) => Response::elsewhere(&address),
            Err(Refused::NoPage) => {
                let title = asked.language.says("没有这个页面", "There is no such page");
                Response::page(404, asked.framed(&Page::notice(title, &request.path)))
            }
            Err(Refused::Operation(error)) => {
                let title = asked.language.says("没有做成", "It was not done");
                let status = if error.is_wrong_usage() { 400 } else { 500 };
                Response::page(status, asked.framed(&Page::notice(title, &error.to_string())))
            }
        }
    }
}

/// Why there is no answer.
enum Refused {
    NoPage,
    Operation(OperationError),
}

impl From<OperationError> for Refused {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl Asked<'_> {
    async fn answer(&self) -> Result<Answer, Refused> {
        if self.request.is_post { self.done().await } else { self.page().await.map(Answer::Page) }
    }

    async fn page(&self) -> Result<Page, Refused> {
        Ok(match self.request.path.as_str() {
            "/" => screens::overview::page(self).await?,
            "/issues" => screens::issues::page(self).await?,
            "/search" => screens::search::page(self).await?,
            "/document" => screens::document::page(self).await?,
            "/explain" => screens::explain::page(self).await?,
            "/flows" => screens::flows::page(self).await?,
            "/vendors" => screens::vendors::page(self).await?,
            "/queues" => screens::queues::page(self).await?,
            "/groups" => screens::groups::page(self).await?,
            "/group" => screens::groups::one(self).await?,
            "/lookups" => screens::lookups::page(self).await?,
            "/log" => screens::log::page(self).await?,
            "/do" => actions::weighed(self, &self.action()?).await?,
            _ => return Err(Refused::NoPage),
        })
    }

    async fn done(&self) -> Result<Answer, Refused> {
        Ok(match self.request.path.as_str() {
            "/do" => {
                let action = self.action()?;
                let told = actions::done(self, &action).await?;
                let told: String = form_urlencoded::byte_serialize(told.as_bytes()).collect();
                Answer::Elsewhere(format!("{}?done={told}", action.back()))
            }
            "/document" => Answer::Page(screens::document::revealed(self).await?),
            "/lookups" => Answer::Page(screens::lookups::filled(self).await?),
            _ => return Err(Refused::NoPage),
        })
    }

    fn action(&self) -> Result<Action, Refused> {
        Action::of(self.request).ok_or(Refused::NoPage)
    }
}
