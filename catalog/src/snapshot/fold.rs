//! Folding of text for search: full-width to half-width, case, spaces; and pinyin initials.

use pinyin::ToPinyin;

use super::readings::READINGS;

/// Text as it is compared: full-width letters, digits and punctuation become half-width, letters lower case, white space
/// goes.
pub fn fold(text: &str) -> String {
    text.chars()
        .map(half_width)
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The initials of a name's pinyin (`食盐定点批发` → `sydzpf`); letters and digits stay, the rest goes. Where a character
/// has several readings, known words decide (重庆 → `cq`), otherwise its most frequent one.
pub fn initials(text: &str) -> String {
    let folded: Vec<char> = fold(text).chars().collect();
    let mut initials = String::with_capacity(folded.len());
    let mut at = 0;
    while at < folded.len() {
        let rest = &folded[at..];
        let known = READINGS.iter().find(|(word, _)| {
            word.chars()
                .eq(rest.iter().copied().take(word.chars().count()))
        });
        if let Some((word, reading)) = known {
            initials.push_str(reading);
            at += word.chars().count();
        } else {
            initials.extend(initial(folded[at]));
            at += 1;
        }
    }
    initials
}

fn initial(character: char) -> Option<char> {
    if character.is_ascii_alphanumeric() {
        return Some(character);
    }
    character.to_pinyin()?.plain().chars().next()
}

fn half_width(character: char) -> char {
    match character {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character)
        }
        _ => character,
    }
}
