//! A browser without JavaScript: reads the forms of a page, fills them in and presses their buttons, as their HTML says.
//!
//! Pages are written so that they are XML too (a test of the gateway holds that), so an XML reader reads them.

use crate::http::{Answer, send};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// One person's browser.
#[derive(Debug, Clone)]
pub struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    language: String,
}

/// A page that was opened.
#[derive(Debug, Clone)]
pub struct Page {
    /// Status.
    pub status: u16,
    /// Where it is.
    pub path: String,
    /// Its source.
    pub html: String,
    /// Its forms.
    pub forms: Vec<Form>,
    /// Where its links lead, and their words.
    pub links: Vec<(String, String)>,
    /// Its words.
    pub text: String,
}

/// A form.
#[derive(Debug, Clone, Default)]
pub struct Form {
    action: String,
    post: bool,
    multipart: bool,
    /// What would be sent: names and values, in the order of the page.
    pub values: Vec<(String, String)>,
    controls: BTreeMap<String, Control>,
    buttons: Vec<Button>,
    files: Vec<(String, String, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum Control {
    Hidden,
    Text,
    File { accept: String, multiple: bool },
    OneOf(Vec<String>),
    AnyOf(Vec<String>),
}

#[derive(Debug, Clone)]
struct Button {
    name: String,
    value: String,
    action: Option<String>,
}

impl Browser {
    /// Of somebody who reads this language (`zh-CN`, `en`).
    #[must_use]
    pub fn new(address: SocketAddr, language: &str) -> Self {
        Self {
            address,
            cookies: BTreeMap::new(),
            language: language.to_owned(),
        }
    }

    /// Opens an address, following what it redirects to.
    pub async fn open(&mut self, path: &str) -> Page {
        let answer = self.send("GET", path, &[], Vec::new()).await;
        self.follow(path, answer).await
    }

    /// Presses the button of this value.
    pub async fn press(&mut self, form: &Form, value: &str) -> Page {
        let button = form
            .buttons
            .iter()
            .find(|b| b.value == value)
            .unwrap_or_else(|| panic!("no button {value}: {:?}", form.buttons));
        let mut values = form.values.clone();
        if !button.name.is_empty() {
            values.push((button.name.clone(), button.value.clone()));
        }
        let action = button.action.as_ref().unwrap_or(&form.action);
        let path = action.split('#').next().unwrap_or_default().to_owned();
        if !form.post {
            let query: Vec<String> = values
                .iter()
                .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
                .collect();
            return self.open(&format!("{path}?{}", query.join("&"))).await;
        }
        let (kind, body) = if form.multipart {
            multipart(&values, form)
        } else {
            let pairs: Vec<String> = values
                .iter()
                .map(|(name, value)| format!("{}={}", percent(name), percent(value)))
                .collect();
            let kind = "application/x-www-form-urlencoded".to_owned();
            (kind, pairs.join("&").into_bytes())
        };
        let origin = format!("http://{}", self.address);
        let headers = [("content-type", kind.as_str()), ("origin", origin.as_str())];
        let answer = self.send("POST", &path, &headers, body).await;
        self.follow(&path, answer).await
    }

    async fn follow(&mut self, path: &str, mut answer: Answer) -> Page {
        let mut at = path.to_owned();
        for _ in 0..5 {
            if answer.status != 303 {
                return Page::read(at, &answer);
            }
            at = answer.header("location").unwrap_or_default().to_owned();
            answer = self.send("GET", &at, &[], Vec::new()).await;
        }
        panic!("{path} leads round in circles");
    }

    async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Answer {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        let cookie = pairs.join("; ");
        let language = self.language.clone();
        let mut all = vec![
            ("accept", "text/html"),
            ("accept-language", language.as_str()),
        ];
        if !cookie.is_empty() {
            all.push(("cookie", cookie.as_str()));
        }
        all.extend(headers);
        let answer = send(self.address, method, path, &all, body).await;
        let set = answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie");
        for (_, line) in set {
            let pair = line.split(';').next().unwrap_or_default();
            if let Some((name, value)) = pair.split_once('=') {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

impl Page {
    fn read(path: String, answer: &Answer) -> Self {
        let html = answer.text();
        let mut page = Self {
            status: answer.status,
            path,
            forms: Vec::new(),
            links: Vec::new(),
            text: String::new(),
            html,
        };
        let html = page.html.clone();
        let Some(body) = html.strip_prefix("<!DOCTYPE html>") else {
            return page;
        };
        PageReader::default().read(body, &mut page);
        page
    }

    /// The one form that has this button.
    #[must_use]
    pub fn form(&self, button: &str) -> Form {
        let has = |form: &&Form| form.buttons.iter().any(|b| b.value == button);
        let found = self.forms.iter().find(has);
        found
            .unwrap_or_else(|| panic!("{} has no form with {button}: {}", self.path, self.text))
            .clone()
    }

    /// Where the link with these words leads.
    #[must_use]
    pub fn link(&self, words: &str) -> String {
        let found = self.links.iter().find(|(_, own)| own.contains(words));
        found
            .unwrap_or_else(|| panic!("{} has no link `{words}`: {:?}", self.path, self.links))
            .0
            .clone()
    }
}

impl Form {
    /// Whether there is a field of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.controls.contains_key(name)
    }

    /// What stands in a field.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        let found = self.values.iter().find(|(own, _)| own == name);
        found.map_or("", |(_, value)| value)
    }

    /// Types into a field, or chooses; one more of several choices.
    pub fn fill(&mut self, name: &str, value: &str) {
        let control = self
            .controls
            .get(name)
            .unwrap_or_else(|| panic!("no field {name}"));
        match control {
            Control::Text => self.values.retain(|(own, _)| own != name),
            Control::OneOf(offered) => {
                assert!(
                    offered.iter().any(|o| o == value),
                    "{name} offers {offered:?}"
                );
                self.values.retain(|(own, _)| own != name);
            }
            Control::AnyOf(offered) => {
                assert!(
                    offered.iter().any(|o| o == value),
                    "{name} offers {offered:?}"
                );
            }
            Control::Hidden | Control::File { .. } => panic!("{name} is not filled in by people"),
        }
        self.values.push((name.to_owned(), value.to_owned()));
    }

    /// Chooses a file.
    pub fn attach(&mut self, name: &str, file_name: &str, bytes: &[u8]) {
        let extension = file_name.rsplit('.').next().unwrap_or_default();
        match self.controls.get(name) {
            Some(Control::File { accept, multiple }) => {
                assert!(
                    accept.is_empty() || accept.split(',').any(|a| a == format!(".{extension}")),
                    "{name} takes {accept}"
                );
                let other = self.files.iter().any(|(own, _, _)| own == name);
                assert!(*multiple || !other, "{name} takes one file");
            }
            other => panic!("{name} takes no files: {other:?}"),
        }
        self.files
            .push((name.to_owned(), file_name.to_owned(), bytes.to_vec()));
    }
}

/// What the reader is within.
#[derive(Default)]
struct PageReader {
    form: Option<Form>,
    area: Option<(String, String)>,
    select: Option<(String, Vec<String>, Option<String>)>,
    link: Option<(String, String)>,
    hidden: bool,
}

type Attributes = BTreeMap<String, String>;

impl PageReader {
    fn read(mut self, body: &str, page: &mut Page) {
        let mut reader = Reader::from_str(body);
        loop {
            let event = reader.read_event();
            match event.unwrap_or_else(|e| panic!("{}: {e}", page.path)) {
                Event::Eof => break,
                Event::Start(tag) => self.start(&tag),
                Event::Empty(tag) => {
                    self.start(&tag);
                    let name = tag.name();
                    self.end(name.as_ref(), page);
                }
                Event::End(tag) => self.end(tag.name().as_ref(), page),
                Event::Text(text) => self.text(&text, page),
                Event::GeneralRef(reference) => {
                    let whole = format!("&{};", &*reference);
                    let words = quick_xml::escape::unescape(&whole).map(|w| w.into_owned());
                    self.text(&words.unwrap_or(whole), page);
                }
                _ => {}
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) {
        let attributes = attributes(tag);
        let get = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        match tag.name().as_ref() {
            "form" => {
                self.form = Some(Form {
                    action: get("action"),
                    post: get("method").eq_ignore_ascii_case("post"),
                    multipart: get("enctype") == "multipart/form-data",
                    ..Form::default()
                });
            }
            "input" => self.input(&attributes),
            "textarea" => self.area = Some((get("name"), String::new())),
            "select" => self.select = Some((get("name"), Vec::new(), None)),
            "option" => {
                if let Some((_, offered, chosen)) = &mut self.select {
                    offered.push(get("value"));
                    if attributes.contains_key("selected") || chosen.is_none() {
                        *chosen = Some(get("value"));
                    }
                }
            }
            "button" => {
                if let Some(form) = &mut self.form {
                    form.buttons.push(Button {
                        name: get("name"),
                        value: get("value"),
                        action: attributes.get("formaction").cloned(),
                    });
                }
            }
            "a" => self.link = Some((get("href"), String::new())),
            "script" | "style" => self.hidden = true,
            _ => {}
        }
    }

    fn input(&mut self, attributes: &Attributes) {
        let get = |name: &str| attributes.get(name).cloned().unwrap_or_default();
        let (Some(form), name) = (&mut self.form, get("name")) else {
            return;
        };
        let (value, checked) = (get("value"), attributes.contains_key("checked"));
        let kind = get("type");
        let known = form
            .controls
            .entry(name.clone())
            .or_insert(match kind.as_str() {
                "radio" => Control::OneOf(Vec::new()),
                "checkbox" => Control::AnyOf(Vec::new()),
                "hidden" => Control::Hidden,
                "file" => Control::File {
                    accept: get("accept"),
                    multiple: attributes.contains_key("multiple"),
                },
                _ => Control::Text,
            });
        if let Control::OneOf(offered) | Control::AnyOf(offered) = known {
            offered.push(value.clone());
            if !checked {
                return;
            }
        }
        if kind != "file" {
            form.values.push((name, value));
        }
    }

    fn end(&mut self, name: &str, page: &mut Page) {
        match name {
            "form" => page.forms.extend(self.form.take()),
            "textarea" => {
                if let (Some((name, text)), Some(form)) = (self.area.take(), &mut self.form) {
                    // The first line end after the tag is not part of the value (HTML, section 13.1.2.5).
                    let text = text.strip_prefix('\n').unwrap_or(&text).to_owned();
                    form.controls.insert(name.clone(), Control::Text);
                    form.values.push((name, text));
                }
            }
            "select" => {
                if let (Some((name, offered, chosen)), Some(form)) =
                    (self.select.take(), &mut self.form)
                {
                    form.values.push((name.clone(), chosen.unwrap_or_default()));
                    form.controls.insert(name, Control::OneOf(offered));
                }
            }
            "a" => page.links.extend(self.link.take()),
            "script" | "style" => self.hidden = false,
            _ => {}
        }
    }

    fn text(&mut self, words: &str, page: &mut Page) {
        if let Some((_, text)) = &mut self.area {
            text.push_str(words);
        }
        if let Some((_, text)) = &mut self.link {
            text.push_str(words);
        }
        if !self.hidden {
            page.text.push_str(words);
        }
    }
}

fn attributes(tag: &BytesStart<'_>) -> Attributes {
    tag.attributes()
        .filter_map(Result::ok)
        .map(|attribute| {
            let value = quick_xml::escape::unescape(&attribute.value)
                .map_or_else(|_| attribute.value.to_string(), |v| v.into_owned());
            (attribute.key.as_ref().to_owned(), value)
        })
        .collect()
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn multipart(values: &[(String, String)], form: &Form) -> (String, Vec<u8>) {
    const BOUNDARY: &str = "----a-browser-without-javascript";
    let mut body = Vec::new();
    let mut part = |head: String, bytes: &[u8]| {
        body.extend_from_slice(
            format!("--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n").as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    let quoted = |text: &str| {
        text.replace('"', "%22")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    for (name, value) in values {
        part(format!("name=\"{}\"", quoted(name)), value.as_bytes());
    }
    for (name, control) in &form.controls {
        if !matches!(control, Control::File { .. }) {
            continue;
        }
        let chosen: Vec<_> = form
            .files
            .iter()
            .filter(|(own, _, _)| own == name)
            .collect();
        for (_, file, bytes) in &chosen {
            let head = format!(
                "name=\"{name}\"; filename=\"{}\"\r\nContent-Type: application/octet-stream",
                quoted(file)
            );
            part(head, bytes);
        }
        if chosen.is_empty() {
            part(
                format!("name=\"{name}\"; filename=\"\"\r\nContent-Type: application/octet-stream"),
                b"",
            );
        }
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={BOUNDARY}"), body)
}
