// What the applicants of these tests apply for. Names, numbers and addresses are samples; identifiers pass their check characters.

export const EXPLOSIVES = {
  code: '10021300100693911512440000',
  name: { zh: '民用爆炸物品销售许可', en: 'Licence to sell explosives for civil use' },
  situation: { zh: /首次申请/, en: /first application/i },
  applicant: {
    type: { zh: /企业/, en: /enterprise/i },
    name: '广东示例民爆器材有限公司',
    idNumber: '91440300708461136T',
    phone: '13800000001',
  },
  form: {
    project: '韶关仓库民用爆炸物品销售',
    address: '韶关市浈江区示例路8号',
    storage: '5000',
    varieties: [/工业炸药/, /工业雷管/],
  },
};

export const DISCLOSURE = {
  code: '10131300500698857413440400',
  name: { zh: /政府信息公开申请（珠海市/, en: /disclosure of government information \(Zhuhai\)/i },
  applicant: {
    type: { zh: /个人|自然人/, en: /person/i },
    name: '张三',
    idNumber: '11010519491231002X',
    phone: '13800000000',
  },
};
