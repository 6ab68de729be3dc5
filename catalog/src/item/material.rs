//! Materials (申请材料) and situations (情形).

use serde::{Deserialize, Serialize};

use super::{SituationId, is_false};
use crate::tables::{MaterialKind, MaterialSource, Necessity};

/// One kind of application within an item, for example 首次申请, 变更, 延续.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Situation {
    /// Its id within the item.
    pub id: SituationId,
    /// Its name, at most 100 characters.
    pub name: String,
    /// The name in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// When one is in this situation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// One material that an applicant hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// Its number within the item, from 1; applications name it.
    pub seq: u16,
    /// 材料名称, at most 200 characters.
    pub name: String,
    /// The name in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// 材料必要性.
    pub required: Necessity,
    /// 材料类型.
    pub kind: MaterialKind,
    /// 原件份数, 0 to 99.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub originals: u8,
    /// 复印件份数, 0 to 99.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copies: u8,
    /// 材料来源.
    pub source: MaterialSource,
    /// 出具机构, at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// 材料说明, at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// File extensions that are taken, in lower case; any if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub formats: Vec<String>,
    /// Whether several files may be handed in for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub several: bool,
    /// The blank form (空白表格), a reference into the file store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form_ref: Option<String>,
    /// The specimen (示范文本), a reference into the file store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_ref: Option<String>,
    /// The type of the electronic licence that may stand in for it (电子证照类型代码); a hook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licence_code: Option<String>,
    /// The situations that it is wanted in; all if none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub situations: Vec<SituationId>,
}

impl Material {
    /// Whether it is wanted in a situation; without one, whether every application has it.
    pub fn applies_to(&self, situation: Option<&SituationId>) -> bool {
        self.situations.is_empty()
            || situation.is_some_and(|chosen| self.situations.contains(chosen))
    }

    /// Whether an application without it is incomplete from the start.
    pub fn must_be_there(&self) -> bool {
        self.required == Necessity::Required
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u8) -> bool {
    *number == 0
}
