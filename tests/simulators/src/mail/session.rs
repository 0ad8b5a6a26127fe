//! SMTP on a socket (RFC 5321): one session, one line at a time.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{Mail, Refusal, TIMED_OUT, Taken};
use crate::faults::Fault;
use crate::lock;

/// A mail as it travelled, taken apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plain {
    /// The headers, unfolded, by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The text.
    pub text: String,
}

/// The port that is listened on, until the sender is dropped.
pub(crate) async fn listen(mail: Arc<Mail>, port: u16, stopped: watch::Receiver<()>) -> io::Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        let mut ended = stopped.clone();
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = ended.changed() => return,
            };
            let (Ok((stream, _)), mail, mut ended) = (stream, mail.clone(), stopped.clone()) else {
                continue;
            };
            tokio::spawn(async move {
                // Whoever leaves in the middle has left.
                tokio::select! {
                    _ = Session::new(mail, stream).run() => {}
                    _ = ended.changed() => {}
                }
            });
        }
    });
    Ok(port)
}

struct Session {
    mail: Arc<Mail>,
    stream: BufStream<TcpStream>,
    is_known: bool,
    from: Option<String>,
    to: Vec<String>,
    fault: Option<Fault>,
}

/// What a command leads to.
enum Then {
    Reply(u16, String),
    Content,
    Close,
}

fn reply(code: u16, words: &str) -> Then {
    Then::Reply(code, words.to_owned())
}

impl Session {
    fn new(mail: Arc<Mail>, stream: TcpStream) -> Self {
        Self {
            mail,
            stream: BufStream::new(stream),
            is_known: false,
            from: None,
            to: Vec::new(),
            fault: None,
        }
    }

    async fn run(mut self) -> io::Result<()> {
        self.say(220, "mail.invalid ESMTP").await?;
        while let Some(line) = self.line().await? {
            match self.command(&line).await? {
                Then::Reply(code, words) => self.say(code, &words).await?,
                Then::Content => {
                    self.say(354, "go on").await?;
                    if !self.content().await? {
                        return Ok(());
                    }
                }
                Then::Close => {
                    self.say(221, "bye").await?;
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn command(&mut self, line: &str) -> io::Result<Then> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        Ok(match verb.to_ascii_uppercase().as_str() {
            "EHLO" => {
                if lock(&self.mail.state).offers_tls {
                    self.raw("250-STARTTLS\r\n").await?;
                }
                self.raw("250-mail.invalid\r\n250-8BITMIME\r\n").await?;
                reply(250, "AUTH PLAIN LOGIN")
            }
            "STARTTLS" => reply(454, "4.7.0 TLS not available"),
            "AUTH" => self.auth(rest).await?,
            "MAIL" if !self.is_known => reply(530, "5.7.0 authentication required"),
            "MAIL" => {
                self.fault = self.mail.faults.next("send");
                self.from = Some(address(rest));
                answered(self.mail.sender(&address(rest)))
            }
            "RCPT" if self.from.is_none() => reply(503, "5.5.1 MAIL first"),
            "RCPT" => {
                let (to, fault) = (address(rest), self.fault.clone());
                let taken = self.mail.reader(&to, fault.as_ref());
                if taken.is_ok() {
                    self.to.push(to);
                }
                answered(taken)
            }
            "DATA" if self.to.is_empty() => reply(503, "5.5.1 RCPT first"),
            "DATA" => Then::Content,
            "QUIT" => Then::Close,
            "NOOP" | "RSET" => reply(250, "ok"),
            _ => reply(502, "5.5.1 not implemented"),
        })
    }

    async fn auth(&mut self, rest: &str) -> io::Result<Then> {
        let decoded = |text: &str| {
            String::from_utf8(BASE64.decode(text.trim()).unwrap_or_default()).unwrap_or_default()
        };
        let (mechanism, initial) = rest.split_once(' ').unwrap_or((rest, ""));
        let (user, password) = match mechanism {
            "PLAIN" => {
                let all = decoded(initial);
                let mut parts = all.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                self.say(334, "VXNlcm5hbWU6").await?;
                let user = decoded(&self.line().await?.unwrap_or_default());
                self.say(334, "UGFzc3dvcmQ6").await?;
                (user, decoded(&self.line().await?.unwrap_or_default()))
            }
            _ => return Ok(reply(504, "5.5.4 no such mechanism")),
        };
        let known = self.mail.log_in(&user, &password);
        self.is_known = known.is_ok();
        Ok(match known {
            Ok(()) => reply(235, "2.7.0 welcome"),
            Err((code, words)) => Then::Reply(code, words),
        })
    }

    /// Reads the message and answers it; false where the connection is to be closed.
    async fn content(&mut self) -> io::Result<bool> {
        let mut message = String::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(false) };
            if line == "." {
                break;
            }
            message += line.strip_prefix('.').unwrap_or(&line);
            message += "\r\n";
        }
        self.mail.traffic.note("send");
        let fault = self.fault.take();
        if let Some(Fault::Slow(time)) = fault {
            self.mail.clock.sleep(time).await;
        }
        if fault == Some(Fault::LostRequest) {
            return Ok(false);
        }
        if let Some(Fault::Status(code)) = fault {
            self.say(code, "as it was told to say").await?;
            return Ok(true);
        }
        let taken = self.mail.take(self.mail_of(&message), fault.as_ref());
        self.from = None;
        self.to.clear();
        match fault {
            Some(Fault::LostAnswer) => return Ok(false),
            Some(Fault::EndlessAnswer) => loop {
                self.raw("250-and so on\r\n").await?;
            },
            Some(Fault::ServiceException) => self.say(451, TIMED_OUT).await?,
            Some(Fault::Garbage) => {
                self.raw("2\r\n").await?;
                return Ok(false);
            }
            _ => {
                let (code, words) =
                    taken.map_or_else(|refusal| refusal, |()| (250, "2.0.0 queued".to_owned()));
                self.say(code, &words).await?;
            }
        }
        Ok(true)
    }

    fn mail_of(&self, message: &str) -> Taken {
        let plain = Plain::of(message);
        let header = |name: &str| {
            plain.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        Taken {
            at: self.mail.clock.now(),
            to: self.to.clone(),
            subject: header("subject").unwrap_or_default(),
            text: plain.text.trim_end_matches("\r\n").to_owned(),
            message_id: header("message-id").unwrap_or_default(),
            follows: header("references"),
        }
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }

    async fn say(&mut self, code: u16, words: &str) -> io::Result<()> {
        self.raw(&format!("{code} {words}\r\n")).await
    }

    async fn raw(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }
}

fn answered(taken: Result<(), Refusal>) -> Then {
    taken.map_or_else(|(code, words)| Then::Reply(code, words), |()| reply(250, "ok"))
}

/// `FROM:<a@b> SIZE=1`: `a@b`.
fn address(rest: &str) -> String {
    let within = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    within.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

impl Plain {
    /// Takes a message apart.
    #[must_use]
    pub fn of(message: &str) -> Self {
        let (head, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let headers: Vec<_> = unfolded
            .split("\r\n")
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), words(value.trim())))
            .collect();
        let encoding = headers.iter().find(|(name, _)| name == "content-transfer-encoding");
        let text = match encoding.map(|(_, value)| value.as_str()) {
            Some("base64") => {
                let packed: String = body.split_whitespace().collect();
                String::from_utf8_lossy(&BASE64.decode(packed).unwrap_or_default()).into_owned()
            }
            Some("quoted-printable") => unquoted(&body.replace("=\r\n", ""), '='),
            _ => body.to_owned(),
        };
        Self { headers, text }
    }
}

/// Encoded words of a header (RFC 2047), decoded.
fn words(value: &str) -> String {
    let mut text = String::new();
    let mut rest = value;
    let mut after_word = false;
    while let Some((before, word)) = rest.split_once("=?") {
        let mut parts = word.splitn(4, '?');
        let (Some(_charset), Some(encoding), Some(packed), Some(after)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            break;
        };
        // Blanks between two words are none of the text.
        if !(after_word && before.trim().is_empty()) {
            text += before;
        }
        text += &match encoding {
            "b" | "B" => String::from_utf8_lossy(&BASE64.decode(packed).unwrap_or_default()).into_owned(),
            _ => unquoted(&packed.replace('_', " "), '='),
        };
        rest = after.strip_prefix('=').unwrap_or(after);
        after_word = true;
    }
    text + rest
}

/// `=E4` are bytes.
fn unquoted(text: &str, sign: char) -> String {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(sign) {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => rest = after,
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}
