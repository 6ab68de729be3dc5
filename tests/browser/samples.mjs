// What the applicants of these tests apply for. Names, numbers and addresses are samples; identifiers pass their check characters.

import { paper, photograph, picture } from './files.mjs';

/** 民用爆炸物品销售许可: a company, a situation, four documents; handled by the department that corrects and grants. */
export const EXPLOSIVES = {
  code: '10021300100693911512440000',
  system: 'gd-explosives',
  name: { zh: '民用爆炸物品销售许可', en: 'Licence to sell explosives for civil use' },
  situation: { zh: /首次申请/, en: /first application/i },
  applicant: {
    type: { zh: /^企业/, en: /company/i },
    document: { zh: /统一社会信用代码/, en: /unified social credit code/i },
    name: '广东示例民爆器材有限公司',
    number: '91440300708461136T',
    phone: '13800000001',
  },
  fields: [
    [{ zh: /申办项目名称/, en: /^project/i }, '韶关仓库民用爆炸物品销售'],
    [{ zh: /专用仓库地址/, en: /address of the store/i }, '韶关市浈江区示例路8号'],
    [{ zh: /核定储存量/, en: /storage limit/i }, '5000'],
  ],
  ticks: [
    { zh: /^工业炸药/, en: /^explosives/i },
    { zh: /^工业雷管/, en: /^detonators/i },
  ],
  /** The field that is filled in wrongly at first, with the mistake. */
  mistaken: [{ zh: /核定储存量/, en: /storage limit/i }, '五吨'],
  async documents(browser) {
    return [
      [{ zh: /申请审批表/, en: /application form/i }, await photograph(browser, '申请审批表', 45)],
      [{ zh: /营业执照/, en: /business licence/i }, await picture(browser, '营业执照')],
      [{ zh: /安全评价报告/, en: /safety assessment/i }, await paper(browser, '安全评价报告')],
      [{ zh: /资格证明/, en: /certificates of safety/i }, await photograph(browser, '资格证明', 120)],
    ];
  },
};

/** 政府信息公开申请: a person, one document; handled by the city's platform. */
export const DISCLOSURE = {
  code: '10131300500698857413440400',
  name: { zh: /政府信息公开申请（珠海市/, en: /disclosure of government information \(Zhuhai\)/i },
  applicant: {
    type: { zh: /^个人/, en: /a person/i },
    document: { zh: /居民身份证/, en: /resident identity card/i },
    name: '张三',
    number: '11010519491231002X',
    phone: '13800000000',
  },
  fields: [
    [{ zh: /所需信息名称/, en: /name of the information/i }, '2016年度科技专项资金安排'],
    [{ zh: /所需信息内容描述/, en: /^description/i }, '2016年度市级科技专项资金的安排文件及项目清单'],
  ],
  choices: [
    { zh: /^自身科研需要/, en: /^own research/i },
    { zh: /^纸质/, en: /^paper/i },
    { zh: /^网上获取/, en: /^online/i },
  ],
  async documents(browser) {
    return [[{ zh: /身份证明/, en: /proof of identity/i }, await photograph(browser, '身份证')]];
  },
};
