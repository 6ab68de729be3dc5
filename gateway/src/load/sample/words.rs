//! Sample words: Chinese names, sentences, dates. Everything says that it is a sample (样例).

use rand::RngExt as _;
use rand::rngs::Xoshiro256PlusPlus;

const SURNAMES: [char; 20] = [
    '王', '李', '张', '刘', '陈', '杨', '黄', '赵', '周', '吴', '徐', '孙', '马', '朱', '胡', '郭',
    '何', '林', '罗', '梁',
];
const GIVEN: [char; 24] = [
    '伟', '芳', '娜', '敏', '静', '丽', '强', '磊', '军', '洋', '勇', '艳', '杰', '娟', '涛', '明',
    '超', '兰', '霞', '平', '刚', '玲', '辉', '晨',
];
/// What long texts are made of.
const SENTENCE: &str = "此为压力测试样例说明，不对应真实事项。";

/// A person's name: surname and one or two characters, marked as a sample.
pub(super) fn person(random: &mut Xoshiro256PlusPlus) -> String {
    let mut name = String::from(one(random, &SURNAMES));
    for _ in 0..random.random_range(1..=2) {
        name.push(one(random, &GIVEN));
    }
    name.push_str("样例");
    name
}

/// A company's name.
pub(super) fn company(random: &mut Xoshiro256PlusPlus) -> String {
    let (first, second) = (one(random, &GIVEN), one(random, &GIVEN));
    format!("样例{first}{second}实业有限公司")
}

/// A mobile number of the range that samples usually have.
pub(super) fn phone(random: &mut Xoshiro256PlusPlus) -> String {
    format!("1380000{:04}", random.random_range(0..10_000))
}

/// A text of `min` to `max` characters that begins with what it is for.
pub(super) fn text(
    random: &mut Xoshiro256PlusPlus,
    title: &str,
    min: usize,
    max: usize,
    long: bool,
) -> String {
    let mut all = format!("样例{title}{}", random.random_range(0..10_000));
    let wanted = if long { 120 } else { 0 };
    while all.chars().count() < min.max(wanted) {
        all.push_str(SENTENCE);
    }
    all.chars().take(max).collect()
}

/// A day of the years 2020 to 2029 that every month has.
pub(super) fn date(random: &mut Xoshiro256PlusPlus) -> String {
    let (year, month, day) = (
        random.random_range(2020..2030),
        random.random_range(1..=12),
        random.random_range(1..=28),
    );
    format!("{year}-{month:02}-{day:02}")
}

fn one<const N: usize>(random: &mut Xoshiro256PlusPlus, of: &[char; N]) -> char {
    of[random.random_range(0..N)]
}
