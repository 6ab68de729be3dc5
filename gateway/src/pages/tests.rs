//! What holds for every page: drawn with every sample in both languages, nested right, nothing left untranslated or unused.

use super::engine::{Engine, TEMPLATES};
use super::{gallery, texts};
use crate::text::Language;
use quick_xml::Reader;
use quick_xml::events::Event;
use std::collections::BTreeSet;

#[test]
fn every_page_is_drawn_with_every_sample_in_both_languages() {
    let engine = Engine::new().unwrap();
    let drawn = gallery::all(&engine);
    for page in &drawn {
        let html = page
            .html
            .as_ref()
            .unwrap_or_else(|e| panic!("{}: {e}", page.name));
        assert!(html.starts_with("<!DOCTYPE html>"), "{}", page.name);
    }
    let used: BTreeSet<&str> = drawn.iter().map(|page| page.template).collect();
    let framed = TEMPLATES.iter().map(|(name, _)| *name);
    let unused: Vec<&str> = framed
        .filter(|name| {
            !used.contains(name)
                && !matches!(*name, "layout.html" | "components.html")
                && !name.starts_with("widget")
        })
        .collect();
    assert!(unused.is_empty(), "no sample draws {unused:?}");
}

/// Pages are written so that they are XML too: then a forgotten end tag is an error and not a guess of the browser.
#[test]
fn every_page_is_nested_right_and_names_each_id_once() {
    let engine = Engine::new().unwrap();
    for page in gallery::all(&engine) {
        let html = page.html.unwrap();
        let body = html.strip_prefix("<!DOCTYPE html>").unwrap();
        let mut reader = Reader::from_str(body);
        let (mut ids, mut targets) = (BTreeSet::new(), Vec::new());
        loop {
            let event = reader.read_event();
            match event.unwrap_or_else(|e| panic!("{}: {e} in\n{html}", page.name)) {
                Event::Eof => break,
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        let attribute = attribute.unwrap_or_else(|e| panic!("{}: {e}", page.name));
                        let value = attribute.value.clone();
                        match attribute.key.as_ref() {
                            "id" => assert!(
                                ids.insert(value.to_string()),
                                "{}: the id {value} stands twice",
                                page.name
                            ),
                            "for" | "aria-describedby" | "aria-labelledby" | "aria-controls" => {
                                targets.extend(value.split_whitespace().map(str::to_owned));
                            }
                            "href" if value.starts_with('#') => {
                                targets.push(value.trim_start_matches('#').to_owned());
                            }
                            "style" => panic!("{}: a style of its own", page.name),
                            name if name.starts_with("on") => panic!("{}: {name}", page.name),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        for target in targets {
            assert!(
                ids.contains(&target),
                "{}: nothing has the id {target}",
                page.name
            );
        }
    }
}

#[test]
fn no_text_is_empty_used_by_nobody_or_there_twice() {
    let mut keys = BTreeSet::new();
    let sources: String = TEMPLATES.iter().map(|(_, source)| *source).collect();
    let mut unused = Vec::new();
    for text in texts::all() {
        assert!(!text.zh.is_empty() && !text.en.is_empty(), "{}", text.key);
        assert!(keys.insert(text.key), "{} twice", text.key);
        let in_template = sources.contains(&format!("\"{}\"", text.key));
        if !in_template && !texts::USED_IN_CODE.contains(&text.key) && !text.key.contains(".code.")
        {
            unused.push(text.key);
        }
    }
    assert!(unused.is_empty(), "no page says {unused:?}");
}

#[test]
fn chinese_pages_say_nothing_in_english_only_words() {
    let engine = Engine::new().unwrap();
    for page in gallery::all(&engine)
        .iter()
        .filter(|p| p.language == Language::Chinese)
    {
        let html = page.html.as_ref().unwrap();
        for text in texts::all().filter(|t| t.en.len() > 12 && t.en != t.zh && !t.en.contains('{'))
        {
            assert!(!html.contains(text.en), "{}: {}", page.name, text.en);
        }
    }
}
