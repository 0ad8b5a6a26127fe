//! The operator's console: each question of an operator on a page, each answer with what can be done about it. Pages are made
//! here, of the values that [`relay_operations`] answers, and hold no script: a browser needs nothing but HTML and a sheet of
//! styles. Whoever serves them hands in the installation and the request.
//!
//! | module | what for |
//! |---|---|
//! | `request` | what a browser asks, and what it is answered |
//! | `guard` | who may ask: a browser on this machine or a user, and actions from our own forms alone |
//! | `users`, `login`, `sessions`, `throttle` | who may log in, who is logged in, and how often one may try |
//! | `language` | Chinese and English, side by side, so that no text lacks its twin |
//! | `page` | the frame of each page, tables, marks |
//! | `screens` | a page for each question |
//! | `actions` | what a person does: weighed first, with its command line beside it, then done |
//! | `privacy` | personal data, masked until somebody asks for it by name |

mod actions;
mod guard;
mod language;
mod login;
mod page;
mod privacy;
mod request;
mod screens;
mod sessions;
mod throttle;
mod users;

use relay_job::flow_tests::TestedFlow;
use relay_operations::backfill::BackfillPlan;
use relay_operations::explain::Connect;
use relay_operations::in_force::InForce;
use relay_operations::{OperationError, Operations};

pub use guard::Access;
pub use request::{Request, Response};
pub use users::{Role, Users, entry};

use actions::Action;
use language::Language;
use login::{Doors, Inside};
use page::Page;

/// The installation that is looked at.
pub struct Desk<'a> {
    /// What can be asked of it, and done there.
    pub operations: Operations<'a>,
    /// How a vendor is reached, to ask it of what nobody knows.
    pub connect: Connect<'a>,
    /// The store and the flow files.
    pub place: Place,
    /// What the tests of a flow come to, or what is wrong with the test files; `None` where it has none.
    pub tested: &'a dyn Fn(&str) -> Result<Option<TestedFlow>, String>,
    /// The settings that are in force.
    pub settings: &'a dyn Fn() -> Vec<InForce>,
    /// Begins to read a range again, which goes on when the answer has been given.
    pub backfill: &'a dyn Fn(BackfillPlan, String) -> Result<(), String>,
}

/// Which installation it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The store.
    pub store: String,
    /// The folder of the flow files; `None`: the shipped ones.
    pub flows: Option<String>,
}

/// The console of one process.
pub struct Console {
    /// What our own forms carry and a stranger's page cannot know, where nobody logs in.
    token: String,
    access: Access,
    doors: Doors,
}

/// One request, with all that an answer to it is made of.
struct Asked<'a> {
    desk: &'a Desk<'a>,
    request: &'a Request,
    language: Language,
    token: &'a str,
    /// Everybody who may log in; `None` where nobody does.
    users: Option<&'a Users>,
    /// Who has logged in.
    user: Option<&'a users::User>,
}

/// What a request comes to: a page, a file, or the address of the next page.
enum Answer {
    Page(Page),
    /// A file of that name.
    File(&'static str, String),
    Elsewhere(String),
}

impl Console {
    /// A console for those who may use it. Where nobody logs in, its forms carry that token, which nobody can guess.
    #[must_use]
    pub fn new(token: String, access: Access) -> Self {
        Self { token, access, doors: Doors::default() }
    }

    /// Answers one request.
    pub async fn answer(&self, desk: &Desk<'_>, request: &Request) -> Response {
        if let Err(reason) = self.access.check(request) {
            return Response::refused(reason);
        }
        if request.path == "/console.css" {
            return Response::styles(page::STYLES);
        }
        if request.path == "/icon.svg" {
            return Response::icon(page::ICON);
        }
        if let Some(chosen) = request.field("lang") {
            return Response::in_language(language::named(chosen), request);
        }
        let Some(users) = &self.access.users else {
            return self.asked(desk, request, &self.token, None).await;
        };
        let now = desk.operations.clock.monotonic();
        match self.doors.inside(users, &self.access, request, now) {
            None => self.doors.outside(desk, users, &self.access, request).await,
            Some(Inside { user, token }) => {
                let operations = Operations { by: user.name.clone(), ..desk.operations.clone() };
                let desk = Desk { operations, place: desk.place.clone(), ..*desk };
                self.asked(&desk, request, &token, Some(&user)).await
            }
        }
    }

    /// Answers whoever may ask.
    async fn asked(
        &self,
        desk: &Desk<'_>,
        request: &Request,
        token: &str,
        user: Option<&users::User>,
    ) -> Response {
        let users = self.access.users.as_ref();
        let asked = Asked { desk, request, language: language::of(request), token, users, user };
        if request.is_post
            && let Err(reason) = guard::check_form(request, token)
        {
            return Response::refused(reason);
        }
        if user.is_some() && request.path == "/login" {
            return Response::elsewhere("/");
        }
        if user.is_some() && request.path == "/logout" && request.is_post {
            return self.doors.leave(desk, &self.access, request).await;
        }
        match asked.answer().await {
            Ok(Answer::Page(page)) => Response::page(200, asked.framed(&page)),
            Ok(Answer::File(name, text)) => Response::file(name, text),
            Ok(Answer::Elsewhere(address)) => Response::elsewhere(&address),
            Err(refused) => {
                let (status, page) = refused.told(&asked);
                Response::page(status, asked.framed(&page))
            }
        }
    }
}

/// Why there is no answer.
enum Refused {
    NoPage,
    MayNotAct,
    Operation(OperationError),
}

impl Refused {
    /// The status, and the page that says so.
    fn told(&self, asked: &Asked<'_>) -> (u16, Page) {
        let says = |chinese, english| asked.language.says(chinese, english);
        match self {
            Self::NoPage => {
                (404, Page::notice(says("没有这个页面", "There is no such page"), &asked.request.path))
            }
            Self::MayNotAct => {
                let why =
                    says("此用户只能查看(角色 read)。", "This user may see, and do nothing (the role read).");
                (403, Page::notice(says("不允许", "Not allowed"), why))
            }
            Self::Operation(error) => {
                let status = if error.is_wrong_usage() { 400 } else { 500 };
                (status, Page::notice(says("没有做成", "It was not done"), &error.to_string()))
            }
        }
    }
}

impl From<OperationError> for Refused {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl Asked<'_> {
    /// Whether whoever asks may do anything.
    fn may_act(&self) -> bool {
        self.user.is_none_or(|user| user.role == Role::Operate)
    }

    async fn answer(&self) -> Result<Answer, Refused> {
        let does = self.request.path == "/do" || (self.request.is_post && self.request.path != "/explain");
        if does && !self.may_act() {
            return Err(Refused::MayNotAct);
        }
        match (self.request.is_post, self.request.path.as_str()) {
            (true, _) => self.done().await,
            (false, path) => match self.file(path).await? {
                Some((name, text)) => Ok(Answer::File(name, text)),
                None => self.page().await.map(Answer::Page),
            },
        }
    }

    /// The table of a page as a file, where the path is one's.
    async fn file(&self, path: &str) -> Result<Option<(&'static str, String)>, OperationError> {
        Ok(Some(match path {
            "/calls.csv" => ("calls.csv", screens::calls::file(self).await?),
            "/delivered.csv" => ("delivered.csv", screens::delivered::file(self).await?),
            "/groups.csv" => ("groups.csv", screens::groups::file(self).await?),
            "/history.csv" => ("history.csv", screens::history::file(self).await?),
            "/issues.csv" => ("issues.csv", screens::issues::file(self).await?),
            "/bills.csv" => ("bills.csv", screens::bills::file(self).await?),
            "/waiting.csv" => ("waiting.csv", screens::queues::file(self).await?),
            "/log.csv" => ("log.csv", screens::log::file(self).await?),
            "/lookups.csv" => ("lookups.csv", screens::lookups::file(self).await?),
            "/reconciliation.csv" => ("reconciliation.csv", screens::reconciliation::file(self).await?),
            _ => return Ok(None),
        }))
    }

    async fn page(&self) -> Result<Page, Refused> {
        Ok(match self.request.path.as_str() {
            "/" => screens::overview::page(self).await?,
            "/issues" => screens::issues::page(self).await?,
            "/search" => screens::search::page(self).await?,
            "/document" => screens::document::page(self).await?,
            "/explain" => screens::explain::page(self).await?,
            "/flow" => screens::flow::page(self).await?,
            "/flows" => screens::flows::page(self).await?,
            "/delivered" => screens::delivered::page(self).await?,
            "/history" => screens::history::page(self).await?,
            "/calls" => screens::calls::page(self).await?,
            "/vendors" => screens::vendors::page(self).await?,
            "/bills" => screens::bills::page(self).await?,
            "/queues" => screens::queues::page(self).await?,
            "/groups" => screens::groups::page(self).await?,
            "/group" => screens::groups::one(self).await?,
            "/lookups" => screens::lookups::page(self).await?,
            "/reconciliation" => screens::reconciliation::page(self).await?,
            "/errors" => screens::errors::page(self),
            "/settings" => screens::settings::page(self),
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
                Answer::Elsewhere(format!("{}?done={told}", action.back(self.desk)))
            }
            "/document" => Answer::Page(screens::document::revealed(self).await?),
            "/lookups" => Answer::Page(screens::lookups::filled(self).await?),
            "/explain" => Answer::Page(screens::explain::pasted(self).await?),
            "/try" => Answer::Page(screens::trial::pasted(self).await?),
            _ => return Err(Refused::NoPage),
        })
    }

    fn action(&self) -> Result<Action, Refused> {
        Action::of(self.request).ok_or(Refused::NoPage)
    }
}
