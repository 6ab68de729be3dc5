//! Finding items by every way, on every day of their lives, before and after publishing and rebuilding.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::samples;
use crate::source::load_placed;
use crate::tables::{Audience, ItemType, Level};

const TODAY: Date = date(2017, 6, 5);

fn catalogue() -> Catalogue {
    let items = samples::items()
        .into_iter()
        .map(|item| Arc::new(item.value));
    Catalogue::new(items, Arc::new(samples::organisations()))
}

fn found(catalogue: &Catalogue, query: &Query) -> Vec<String> {
    let result = catalogue.search(query, TODAY);
    result
        .items
        .iter()
        .map(|summary| summary.item.id.to_string())
        .collect()
}

fn by_text(text: &str) -> Vec<String> {
    found(&catalogue(), &Query::new().text(text))
}

fn id(text: &str) -> ItemId {
    text.parse().unwrap()
}

/// A sample item with another version, state and days.
fn version(
    of: &str,
    version: u32,
    state: ItemState,
    from: Date,
    to: Option<Date>,
) -> Arc<ServiceItem> {
    let item = samples::item(of);
    Arc::new(ServiceItem {
        version,
        state,
        effective_from: from,
        effective_to: to,
        ..item
    })
}

#[test]
fn a_name_is_found_by_any_part_of_it() {
    assert_eq!(by_text("民用爆炸"), ["explosives-sales"]);
    assert_eq!(by_text("爆炸物品销售"), ["explosives-sales"]);
    assert_eq!(by_text("炸药"), ["explosives-sales"], "keywords count");
    assert_eq!(
        by_text("amateur RADIO"),
        ["amateur-radio"],
        "the English name counts"
    );
    assert!(by_text("没有这样的事项").is_empty());
}

#[test]
fn full_width_case_and_spaces_do_not_matter() {
    assert_eq!(by_text("ｉｓｐ"), ["telecom-cross-region"]);
    assert_eq!(by_text(" 食盐 定点　批发 "), ["salt-wholesale"]);
    assert_eq!(by_text("（斗门区）"), by_text("(斗门区)"));
    assert_eq!(by_text("（斗门区）"), ["clean-production-doumen"]);
}

#[test]
fn codes_are_found_by_their_beginning() {
    assert_eq!(by_text("100213"), ["explosives-sales"]);
    assert_eq!(
        by_text("10131300500698857413440400"),
        ["info-disclosure-zhuhai"]
    );
    assert_eq!(by_text("sz-sme"), ["sme-training-shenzhen"]);
    assert!(by_text("0213").is_empty(), "not by their middle");
}

#[test]
fn pinyin_initials_find_names() {
    assert_eq!(by_text("sydd"), ["salt-wholesale"]);
    assert_eq!(by_text("MYBZWP"), ["explosives-sales"]);
    assert_eq!(initials("重庆银行行政许可（A类）"), "cqyhxzxkal");
    assert_eq!(initials("中小企业经营管理培训"), "zxqyjyglpx");
    assert_eq!(initials("行业重大调整"), "hyzdtz");
}

#[test]
fn every_listed_reading_is_an_exception() {
    let by_character = |word: &str| {
        word.chars()
            .map(|c| initials(&c.to_string()))
            .collect::<String>()
    };
    let needless: Vec<_> = readings::READINGS
        .iter()
        .filter(|(word, reading)| word.chars().count() > 1 && by_character(word) == *reading)
        .collect();
    assert!(needless.is_empty(), "{needless:?}");
    let hidden = |at: usize| {
        readings::READINGS[..at]
            .iter()
            .any(|(earlier, _)| readings::READINGS[at].0.starts_with(earlier))
    };
    assert!(
        (0..readings::READINGS.len()).all(|at| !hidden(at)),
        "longer words stand first"
    );
}

#[test]
fn better_matches_come_first() {
    let names = by_text("技术改造");
    assert_eq!(
        names[..3],
        [
            "tech-renovation-guangzhou",
            "tech-renovation-xiangzhou",
            "tech-renovation-zhuhai"
        ]
    );
    assert_eq!(
        names[3], "renovation-reward-tianhe",
        "what begins with the text stands before what holds it"
    );
}

#[test]
fn filters_narrow_together() {
    let all = catalogue();
    let region = |code: &str| Some(code.parse().unwrap());
    let mut of_xiangzhou = found(&all, &Query::new().region(region("440402")));
    of_xiangzhou.sort();
    assert_eq!(
        of_xiangzhou,
        [
            "elder-allowance-kangning",
            "residence-registration-cuixiang",
            "tech-renovation-xiangzhou"
        ],
        "with the town and the village in it"
    );
    assert_eq!(
        found(&all, &Query::new().level(Some(Level::Town))),
        ["residence-registration-cuixiang"]
    );
    assert_eq!(
        found(
            &all,
            &Query::new()
                .region(region("440400"))
                .item_type(Some(ItemType::PublicService))
                .audience(Some(Audience::Enterprise))
        ),
        ["info-disclosure-zhuhai"]
    );
    let of_commission = found(
        &all,
        &Query::new()
            .org(Some("gd-eic".parse().unwrap()))
            .page(1, 100),
    );
    assert!(
        of_commission.contains(&"salt-wholesale".to_owned()),
        "the salt administration stands under it"
    );
    assert!(!of_commission.contains(&"tech-renovation-zhuhai".to_owned()));
}

#[test]
fn facets_count_what_another_value_of_each_filter_would_give() {
    let all = catalogue();
    let query = Query::new().level(Some(Level::City)).text("备案");
    let result = all.search(&query, TODAY);
    assert_eq!(result.total, 2);
    let count = |facets: &[Facet], value: &str| {
        facets
            .iter()
            .find(|facet| facet.value == value)
            .map(|facet| facet.count)
    };
    assert_eq!(count(&result.facets.level, "city"), Some(2));
    assert_eq!(
        count(&result.facets.level, "county"),
        Some(1),
        "the level filter does not hide other levels"
    );
    assert_eq!(
        count(&result.facets.region, "440402"),
        None,
        "but it narrows the other facets"
    );
    for facet in &result.facets.region {
        let narrowed = query.clone().region(Some(facet.value.parse().unwrap()));
        assert_eq!(all.search(&narrowed, TODAY).total, facet.count);
    }
    for facet in &result.facets.level {
        let narrowed = query
            .clone()
            .level(Some(Level::from_word(&facet.value).unwrap()));
        assert_eq!(all.search(&narrowed, TODAY).total, facet.count);
    }
}

#[test]
fn pages_join_to_the_whole() {
    let all = catalogue();
    let whole = found(&all, &Query::new().page(1, MAX_PAGE_SIZE));
    let total = all.search(&Query::new(), TODAY).total;
    assert_eq!(whole.len(), total);
    let pages =
        (1..=total.div_ceil(7) + 1).flat_map(|page| found(&all, &Query::new().page(page, 7)));
    assert_eq!(pages.collect::<Vec<_>>(), whole);
    let first = all.search(&Query::new().page(0, 0), TODAY);
    assert_eq!((first.page, first.size, first.items.len()), (1, 1, 1));
    assert!(
        all.search(&Query::new().page(usize::MAX, 100), TODAY)
            .items
            .is_empty()
    );
}

#[test]
fn what_cannot_be_applied_for_is_not_found_but_can_be_read_with_its_state() {
    let all = catalogue();
    assert!(by_text("食盐零售").is_empty() && by_text("电子商务").is_empty());
    let state = |code: &str| all.by_code(code, TODAY).map(|found| found.availability);
    let code = |id: &str| samples::item(id).code().to_owned();
    assert_eq!(state(&code("salt-retail")), Some(Availability::Withdrawn));
    assert_eq!(
        state(&code("ecommerce-demo")),
        Some(Availability::Suspended)
    );
    assert_eq!(state(&code("explosives-sales")), Some(Availability::Open));
    assert_eq!(state("10021300100693911512440001"), None);
    let before = all
        .by_code(&code("tech-renovation-zhuhai"), date(2017, 1, 31))
        .unwrap();
    assert_eq!(before.availability, Availability::NotYet);
}

#[test]
fn every_code_of_an_item_leads_to_it() {
    let all = catalogue();
    for item in samples::items() {
        for code in &item.value.codes {
            assert_eq!(
                all.by_code(code.as_str(), TODAY).unwrap().item.id,
                item.value.id
            );
        }
    }
}

#[test]
fn the_current_version_is_the_highest_that_has_begun_and_is_no_draft() {
    let of = "radio-station";
    let all = catalogue()
        .with_published(version(of, 2, ItemState::Active, date(2017, 7, 1), None))
        .with_published(version(of, 3, ItemState::Draft, date(2017, 1, 1), None));
    let current = |day| {
        all.current(&id(of), day)
            .map(|found| (found.item.version, found.availability))
    };
    assert_eq!(current(date(2017, 6, 30)), Some((1, Availability::Open)));
    assert_eq!(current(date(2017, 7, 1)), Some((2, Availability::Open)));
    assert_eq!(current(date(2016, 1, 1)), Some((1, Availability::NotYet)));
    assert_eq!(all.versions(&id(of)).len(), 3);
    assert_eq!(all.version(&id(of), 3).unwrap().state, ItemState::Draft);

    let ended = all.with_published(version(
        of,
        4,
        ItemState::Active,
        date(2017, 8, 1),
        Some(date(2017, 8, 31)),
    ));
    let on = |day| {
        ended
            .current(&id(of), day)
            .map(|found| (found.item.version, found.availability))
    };
    assert_eq!(on(date(2017, 8, 31)), Some((4, Availability::Open)));
    assert_eq!(on(date(2017, 9, 1)), Some((4, Availability::Expired)));
}

#[test]
fn publishing_leaves_the_old_picture_as_it_was() {
    let old = catalogue();
    let new = old.with_published(version(
        "radio-station",
        1,
        ItemState::Suspended,
        date(2016, 12, 1),
        None,
    ));
    let code = samples::item("radio-station").code().to_owned();
    assert_eq!(
        old.by_code(&code, TODAY).unwrap().availability,
        Availability::Open
    );
    assert_eq!(
        new.by_code(&code, TODAY).unwrap().availability,
        Availability::Suspended
    );
    assert_eq!(
        new.search(&Query::new().text("无线电台"), TODAY).total + 1,
        old.search(&Query::new().text("无线电台"), TODAY).total
    );
    assert_eq!(old.len(), new.len());
}

#[test]
fn a_code_that_a_later_version_gave_up_still_leads_to_the_item() {
    let mut item = samples::item("info-disclosure-zhuhai");
    let old_code = item.code().to_owned();
    item.codes = samples::item("sme-training-shenzhen").codes;
    item.version = 4;
    let all = catalogue().with_published(Arc::new(item));
    assert_eq!(all.by_code(&old_code, TODAY).unwrap().item.version, 4);
}

#[test]
fn the_overlay_says_when_it_is_full() {
    let mut all = catalogue();
    let item = samples::item("radio-station");
    for version in 1..=u32::try_from(OVERLAY_LIMIT).unwrap() {
        assert!(!all.needs_rebuild());
        all = all.with_published(Arc::new(ServiceItem {
            version,
            ..item.clone()
        }));
    }
    assert!(all.needs_rebuild() && !all.rebuilt().needs_rebuild());
}

#[test]
fn items_of_several_files_are_checked_against_each_other() {
    let text = samples::item_text("radio-station");
    let file = |name: &str, from: &str, to: &str| {
        load_placed::<ServiceItem>(name, &text.replacen(from, to, 1)).unwrap()
    };
    let files = [
        file(
            "a.yaml",
            "related: [radio-equipment-type, amateur-radio, radio-interference]",
            "related: [radio-statoin]",
        ),
        file(
            "b.yaml",
            "related: [radio-equipment-type, amateur-radio, radio-interference]",
            "",
        ),
        file("c.yaml", "id: radio-station\n", "id: other-station\n"),
        file("d.yaml", "  id: gd-eic\n", "  id: gd-eix\n"),
        file(
            "e.yaml",
            "  name: 广东省经济和信息化委员会\n",
            "  name: 经信委\n",
        ),
    ];
    let faults = cross_check(&files, &samples::organisations());
    let mut told: Vec<_> = faults
        .iter()
        .map(|fault| (fault.file.as_str(), fault.code))
        .collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(
        told,
        [
            ("a.yaml", "unknown_item"),
            ("b.yaml", "version_repeated"),
            ("c.yaml", "code_shared"),
            ("c.yaml", "unknown_item"),
            ("d.yaml", "unknown_item"),
            ("d.yaml", "unknown_organisation"),
            ("d.yaml", "version_repeated"),
            ("e.yaml", "organisation_differs"),
            ("e.yaml", "unknown_item"),
            ("e.yaml", "version_repeated"),
        ]
    );
    let unknown = faults.iter().find(|fault| fault.file == "a.yaml").unwrap();
    assert_eq!(
        unknown.hint.as_ref().unwrap().en,
        "did you mean `radio-station`?"
    );
}

/// What one can learn from a catalogue: each way in, on several days.
fn picture(catalogue: &Catalogue) -> Vec<String> {
    let mut lines = Vec::new();
    let samples = samples::items();
    for day in [date(2015, 6, 1), TODAY, date(2030, 1, 1)] {
        for page in 1.. {
            let result = catalogue.search(&Query::new().page(page, MAX_PAGE_SIZE), day);
            lines.push(format!("{day} {} {:?}", result.total, result.facets));
            lines.extend(
                result
                    .items
                    .iter()
                    .map(|summary| summary.item.key().to_string()),
            );
            if page * MAX_PAGE_SIZE >= result.total {
                break;
            }
        }
        for sample in &samples {
            let item = &sample.value;
            let found = catalogue.by_code(item.code(), day);
            lines.push(format!(
                "{} {:?}",
                item.id,
                found.map(|found| (found.item.key(), found.availability))
            ));
            let versions = catalogue.versions(&item.id);
            lines.extend(
                versions
                    .iter()
                    .map(|version| format!("{} {:?}", version.key(), version.state)),
            );
        }
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn rebuilding_changes_nothing_that_can_be_seen(
        published in prop::collection::vec((0usize..26, 1u32..4, 0usize..4, 2014i16..2020), 0..12)
    ) {
        let items = samples::items();
        let states = [ItemState::Draft, ItemState::Active, ItemState::Suspended, ItemState::Cancelled];
        let mut catalogue = catalogue();
        for (index, version, state, year) in published {
            let item = items[index % items.len()].value.clone();
            let next = ServiceItem { version, state: states[state], effective_from: date(year, 1, 1), ..item };
            catalogue = catalogue.with_published(Arc::new(next));
        }
        let rebuilt = catalogue.rebuilt();
        prop_assert_eq!(picture(&catalogue), picture(&rebuilt));
        prop_assert_eq!(catalogue.len(), rebuilt.len());
    }

    #[test]
    fn no_query_panics(text in "\\PC{0,120}") {
        let _ = catalogue().search(&Query::new().text(&text), TODAY);
    }
}
