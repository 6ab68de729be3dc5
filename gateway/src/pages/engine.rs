//! The template engine: minijinja with strict undefined values, escaping, and the room's texts; one environment a language.
//!
//! Templates stand in `templates/` and are compiled into the binary. A template sees `page` (its typed context), `shell` (what
//! frames every page), the functions `t(key, name=value…)` for texts and `asset(name)` for addresses, and the filters of
//! [`super::words`].

use super::shell::Shell;
use super::{texts, words};
use crate::text::{Language, Text};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, context};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::Arc;

/// A page: the typed context of one template.
pub trait Page: Serialize + Sized {
    /// File name of the template.
    const TEMPLATE: &'static str;

    /// The page's title in the visitor's language, without the name of the hall.
    fn title(&self, language: Language) -> String;

    /// Which entry of the navigation it belongs to; empty for none.
    fn section(&self) -> &'static str {
        ""
    }

    /// Samples of every state that the page can be in, each with a short name in ASCII.
    #[cfg(test)]
    fn samples(language: Language) -> Vec<(&'static str, Self)>;
}

macro_rules! templates {
    ($($name:literal)*) => {
        /// Every template: file name and source.
        pub const TEMPLATES: &[(&str, &str)] = &[$(($name, include_str!(concat!("templates/", $name))),)*];
    };
}

templates! {
    "layout.html" "components.html" "error.html" "home.html" "items.html" "item.html" "help.html" "look_up.html"
    "case.html" "withdraw.html" "hearing.html" "apply_start.html" "apply_fill.html" "apply_review.html" "apply_already.html" "receipt.html"
    "widget.html" "widget_need.html" "widget_notes.html"
}

/// The compiled templates in both languages.
pub struct Engine {
    chinese: Environment<'static>,
    english: Environment<'static>,
}

impl Engine {
    /// Compiles every template.
    ///
    /// # Errors
    /// The first template that is none.
    pub fn new() -> Result<Self, Error> {
        let by_key: HashMap<&'static str, Text> =
            texts::all().map(|text| (text.key, *text)).collect();
        let by_key = Arc::new(by_key);
        Ok(Self {
            chinese: environment(Language::Chinese, Arc::clone(&by_key))?,
            english: environment(Language::English, by_key)?,
        })
    }

    /// Draws a page within its frame.
    ///
    /// # Errors
    /// A template that asks for what its context does not hold.
    pub fn render<P: Page>(&self, page: &P, shell: &Shell) -> Result<String, Error> {
        self.draw(P::TEMPLATE, Value::from(Serde(page)), shell)
    }

    pub(super) fn draw(&self, template: &str, page: Value, shell: &Shell) -> Result<String, Error> {
        let environment = match shell.language {
            Language::Chinese => &self.chinese,
            Language::English => &self.english,
        };
        let shell = Value::from(Serde(shell));
        environment
            .get_template(template)?
            .render(context! { page, shell })
    }
}

fn environment(
    language: Language,
    texts: Arc<HashMap<&'static str, Text>>,
) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true);
    environment.set_syntax(syntax.build()?);
    environment.add_function("t", move |key: &str, values: Kwargs| {
        say(&texts, language, key, &values)
    });
    environment.add_function("asset", |name: &str| match super::assets::address(name) {
        "" => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("no asset is called `{name}`"),
        )),
        address => Ok(address),
    });
    words::add_filters(&mut environment, language);
    for (name, source) in TEMPLATES {
        environment.add_template(name, source)?;
    }
    Ok(environment)
}

/// A text by its key, with each `{name}` filled in.
fn say(
    texts: &HashMap<&'static str, Text>,
    language: Language,
    key: &str,
    values: &Kwargs,
) -> Result<String, Error> {
    let unknown = || {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("no text has the key `{key}`"),
        )
    };
    let text = texts.get(key).ok_or_else(unknown)?;
    let mut words = text.say(language).to_owned();
    let names: Vec<String> = values.args().map(str::to_owned).collect();
    for name in names {
        let value: Value = values.get(&name)?;
        words = words.replace(&format!("{{{name}}}"), &value.to_string());
    }
    values.assert_all_used()?;
    Ok(words)
}
