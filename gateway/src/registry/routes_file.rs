//! `config/routes.yaml` (`schema: tongban/routes/1`), and what is wrong with it once items and systems are known.

use super::route::{HandOver, Route, RouteQuery, RoutingError, choose};
use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeSet;
use tongban_catalog::item::{ItemState, ServiceItem};
use tongban_catalog::region::RegionCode;
use tongban_catalog::source::{Document, Finding, nearest};

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutesFile {
    /// Routes; their order does not matter to which one wins.
    pub routes: Vec<Route>,
}

impl Document for RoutesFile {
    const SCHEMA: &'static str = "tongban/routes/1";

    fn findings(&self) -> Vec<Finding> {
        let routes = self.routes.iter().enumerate();
        routes
            .flat_map(|(index, route)| findings_of(route, &format!("/routes/{index}")))
            .collect()
    }
}

fn findings_of(route: &Route, pointer: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if (route.hand_over == HandOver::None) == route.system.is_some() {
        found.push(Finding::new(
            format!("{pointer}/system"),
            "system_and_hand_over",
            "指定系统时须有移交环节，移交环节为none时不得指定系统",
            "a route names a system exactly when its hand_over is not none",
        ));
    }
    if route.level.is_some_and(|level| !(1..=7).contains(&level)) {
        found.push(Finding::new(
            format!("{pointer}/level"),
            "out_of_range",
            "行使层级为1至7",
            "a level is 1 to 7",
        ));
    }
    if route
        .region
        .as_deref()
        .is_some_and(|r| r.parse::<RegionCode>().is_err())
    {
        let (zh, en) = (
            "行政区划代码须为6、9或12位数字",
            "a region is 6, 9 or 12 digits",
        );
        found.push(Finding::new(
            format!("{pointer}/region"),
            "region_form",
            zh,
            en,
        ));
    }
    if route
        .item
        .as_deref()
        .is_some_and(|p| p.is_empty() || p.len() > 50)
    {
        let (zh, en) = (
            "事项编码式样为1至50个字符",
            "an item pattern has 1 to 50 characters",
        );
        found.push(Finding::new(
            format!("{pointer}/item"),
            "out_of_range",
            zh,
            en,
        ));
    }
    if let (Some(from), Some(to)) = (route.valid_from, route.valid_to)
        && to < from
    {
        let (zh, en) = ("截止日早于起始日", "the last day lies before the first");
        found.push(Finding::new(
            format!("{pointer}/valid_to"),
            "out_of_order",
            zh,
            en,
        ));
    }
    found
}

impl RoutesFile {
    /// Routes to systems that are not registered.
    #[must_use]
    pub fn unknown_systems(&self, systems: &BTreeSet<String>) -> Vec<Finding> {
        let named = self
            .routes
            .iter()
            .enumerate()
            .filter_map(|(i, r)| Some((i, r.system.as_deref()?)));
        let unknown = named.filter(|(_, system)| !systems.contains(*system));
        let finding = |(index, system): (usize, &str)| {
            let finding = Finding::new(
                format!("/routes/{index}/system"),
                "unknown_system",
                format!("没有系统“{system}”"),
                format!("there is no system `{system}`"),
            );
            match nearest(system, systems.iter().map(String::as_str)) {
                Some(near) => finding.with_hint(
                    format!("是否想写“{near}”？"),
                    format!("did you mean `{near}`?"),
                ),
                None => finding,
            }
        };
        unknown.map(finding).collect()
    }

    /// What is wrong with the routes of one published item on `today`: for its own region and every region within it that a route
    /// names, and each of its situations, there must be exactly one route.
    #[must_use]
    pub fn findings_for(&self, item: &ServiceItem, today: Date) -> Vec<Finding> {
        if !matches!(item.state, ItemState::Active | ItemState::Suspended) {
            return Vec::new();
        }
        let codes: Vec<&str> = item.codes.iter().map(|c| c.as_str()).collect();
        let situations: Vec<Option<&str>> = match item.situations.as_slice() {
            [] => vec![None],
            some => some.iter().map(|s| Some(s.id.as_str())).collect(),
        };
        let mut told = BTreeSet::new();
        let mut found = Vec::new();
        for region in self.regions_within(&item.region) {
            for situation in &situations {
                let query = RouteQuery {
                    codes: &codes,
                    level: item.level.code().parse().ok(),
                    region: &region,
                    situation: *situation,
                    today,
                };
                if let Err(error) = choose(&self.routes, &query)
                    && told.insert(error.to_string())
                {
                    found.push(routing_finding(item, &query, &error));
                }
            }
        }
        found
    }

    fn regions_within(&self, outer: &RegionCode) -> BTreeSet<String> {
        let named = self.routes.iter().filter_map(|r| r.region.clone());
        let within = named.filter(|r| {
            r.parse::<RegionCode>()
                .is_ok_and(|code| outer.contains(&code))
        });
        within.chain([outer.as_str().to_owned()]).collect()
    }
}

fn routing_finding(item: &ServiceItem, query: &RouteQuery<'_>, error: &RoutingError) -> Finding {
    let (id, region) = (item.id.as_str(), query.region);
    let situation = query.situation.unwrap_or("-");
    match error {
        RoutingError::NoMatch => Finding::new(
            "/routes",
            "item_without_route",
            format!("事项{id}（区划{region}，情形{situation}）没有路由"),
            format!("no route matches item {id} (region {region}, situation {situation})"),
        )
        .with_hint("由大厅自办的，加一条 hand_over: none", "add one; `hand_over: none` where the hall keeps the case"),
        RoutingError::Ambiguous { first, second } => Finding::new(
            format!("/routes/{}", second - 1),
            "routes_ambiguous",
            format!("事项{id}（区划{region}，情形{situation}）同时符合第{first}条和第{second}条路由"),
            format!("item {id} (region {region}, situation {situation}) matches routes {first} and {second} alike"),
        )
        .with_hint("给其中一条设 priority", "give one of them a priority"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::sample;
    use std::path::Path;
    use tongban_catalog::source::load_yaml;

    const TODAY: Date = jiff::civil::date(2026, 6, 5);

    fn file(routes: &str) -> Result<RoutesFile, Vec<&'static str>> {
        let text = format!("schema: tongban/routes/1\nroutes:\n{routes}");
        load_yaml("routes.yaml", &text)
            .map_err(|faults| faults.into_iter().map(|f| f.code).collect())
    }

    fn codes(found: Vec<Finding>) -> Vec<&'static str> {
        found.into_iter().map(|f| f.code).collect()
    }

    #[test]
    fn faults_of_one_route_are_told_at_once() {
        let faulty = "  - { hand_over: none, system: s, level: 9, region: \"44\", valid_from: 2017-01-02, valid_to: 2017-01-01 }\n";
        let expected = [
            "system_and_hand_over",
            "out_of_range",
            "region_form",
            "out_of_order",
        ];
        let mut found = file(faulty).unwrap_err();
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(
            file("  - { hand_over: apply }\n").unwrap_err(),
            ["system_and_hand_over"]
        );
        assert_eq!(
            file("  - { hand_over: none, systme: s }\n").unwrap_err(),
            ["unknown_key"]
        );
    }

    #[test]
    fn a_published_item_needs_exactly_one_route_in_every_region_and_situation() {
        let item = sample::item("open", sample::OPEN, "active", 1);
        let draft = sample::item("open", sample::OPEN, "draft", 1);
        let none = file("  - { item: x, hand_over: none }\n").unwrap();
        assert_eq!(
            codes(none.findings_for(&item, TODAY)),
            ["item_without_route"],
            "told once an item"
        );
        assert!(none.findings_for(&draft, TODAY).is_empty());
        let twice = file(
            "  - { hand_over: none }\n  - { region: \"440402\", hand_over: none }\n  - { region: \"440402\", hand_over: none }\n",
        );
        assert_eq!(
            codes(twice.unwrap().findings_for(&item, TODAY)),
            ["routes_ambiguous"]
        );
        let one = file("  - { hand_over: none }\n").unwrap();
        assert!(one.findings_for(&item, TODAY).is_empty());
    }

    #[test]
    fn a_route_to_an_unknown_system_says_what_was_meant() {
        let routes = file("  - { system: zhuhai-platfrom, hand_over: apply }\n").unwrap();
        let found = routes.unknown_systems(&BTreeSet::from(["zhuhai-platform".to_owned()]));
        assert_eq!(found.len(), 1);
        assert!(
            found[0]
                .hint
                .as_ref()
                .unwrap()
                .en
                .contains("zhuhai-platform")
        );
    }

    #[test]
    fn the_shipped_routes_fit_the_shipped_items_and_systems() {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        let text = std::fs::read_to_string(config.join("routes.yaml")).unwrap();
        let routes: RoutesFile = load_yaml("routes.yaml", &text).unwrap();
        let mut systems = BTreeSet::new();
        for entry in std::fs::read_dir(config.join("systems")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            systems.extend(name.strip_suffix(".yaml").map(str::to_owned));
        }
        assert_eq!(routes.unknown_systems(&systems), []);
        let mut used = BTreeSet::new();
        for entry in std::fs::read_dir(config.join("items")).unwrap() {
            let path = entry.unwrap().path();
            let item: ServiceItem =
                load_yaml("item", &std::fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(routes.findings_for(&item, TODAY), [], "{}", path.display());
            let codes: Vec<&str> = item.codes.iter().map(|c| c.as_str()).collect();
            let query = RouteQuery {
                codes: &codes,
                level: item.level.code().parse().ok(),
                region: item.region.as_str(),
                situation: None,
                today: TODAY,
            };
            used.extend(choose(&routes.routes, &query).unwrap().system.clone());
        }
        assert_eq!(used, systems, "every system gets something");
    }
}
