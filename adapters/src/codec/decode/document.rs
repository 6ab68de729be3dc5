//! A whole document.

use super::content::is_blank;
use super::{Outcome, Piece, Reading, Tag};
use crate::codec::fault::CodecFaultKind;
use crate::codec::value::Value;
use crate::schema::ExpandedName;

impl<'v> Reading<'v> {
    /// A whole document.
    pub(super) fn document(&mut self, root: Option<u32>) -> Outcome<(ExpandedName, Value<'v>)> {
        let tag = self.root()?;
        let name = ExpandedName::new(self.uri(tag.namespace), tag.local);
        let element = match root {
            Some(element) => {
                let declared = &self.codec.elements[element as usize];
                let same = declared.namespace.0 == tag.namespace && *declared.local == *tag.local;
                same.then_some(element)
            }
            None => self.codec.global_element(tag.namespace, tag.local),
        };
        let Some(element) = element else {
            let expected = match root {
                Some(element) => self
                    .codec
                    .expanded(self.codec.elements[element as usize].name),
                None => "a global element of the schema".to_owned(),
            };
            let found = name.to_string();
            return Err(self.failure(CodecFaultKind::Unexpected { found, expected }));
        };
        let value = self.element(element, &tag, 1);
        let value = value.map_err(|failure| failure.within(|| tag.local.to_owned()))?;
        self.nothing_more()?;
        Ok((name, value))
    }

    /// The start tag of the root.
    pub(crate) fn root(&mut self) -> Outcome<Tag<'v>> {
        loop {
            match self.next()? {
                Piece::Start(tag) => return Ok(tag),
                Piece::Text(text) if is_blank(&text) => {}
                Piece::Text(_) => return Err(self.malformed("text outside the root element")),
                Piece::End | Piece::Eof => return Err(self.malformed("there is no element")),
            }
        }
    }

    /// Only white space after the root.
    pub(crate) fn nothing_more(&mut self) -> Outcome<()> {
        loop {
            match self.next()? {
                Piece::Eof => return Ok(()),
                Piece::Text(text) if is_blank(&text) => {}
                _ => return Err(self.malformed("something follows the root element")),
            }
        }
    }
}
