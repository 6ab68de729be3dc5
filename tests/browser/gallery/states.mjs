// One case in each state that an applicant can meet, with the steps that bring it there.

import { paper, photograph, picture } from '../files.mjs';

const DISCLOSURE = {
  item_code: '10131300500698857413440400',
  applicant: { type: 'person', name: '张三', id_type: 'resident_id', id_number: '11010519491231002X', phone: '13800000000' },
  region: '440400',
  form: {
    project_name: '2016年度科技专项资金安排',
    information: '2016年度市级科技专项资金的安排文件及项目清单',
    purpose: 'research',
    medium: 'paper',
    delivery: 'online',
  },
};

const EXPLOSIVES = {
  item_code: '10021300100693911512440000',
  situation: 'first',
  applicant: {
    type: 'enterprise',
    name: '广东示例民爆器材有限公司',
    id_type: 'unified_social_credit_code',
    id_number: '91440300708461136T',
    phone: '13800000001',
    contact: '李四',
  },
  region: '440000',
  form: {
    project_name: '韶关仓库民用爆炸物品销售',
    warehouse_address: '韶关市浈江区示例路8号',
    storage_limit_kg: 5000,
    varieties: ['explosive', 'detonator'],
  },
};

/** What the platform reports, in order, until the state is there. */
const REPORTED = {
  submitted: [],
  pre_accepted: [['pre_acceptance', { YSLZTDM: '1' }]],
  pre_correction: [['pre_acceptance', { YSLZTDM: '3' }]],
  handling: [['acceptance', { SLZTDM: '1' }], ['step', { SPBZH: '1' }]],
  special_procedure: [['acceptance', { SLZTDM: '1' }], ['special_start', {}]],
  refused: [['acceptance', { SLZTDM: '3' }]],
  denied: [['acceptance', { SLZTDM: '1' }], ['completion', { BJJGDM: '1' }]],
};

/** Brings a case into each state; `[name, {no, code}]`. */
export async function cases(hall, browser) {
  const card = await photograph(browser, '身份证');
  const made = [];
  for (const [name, reports] of Object.entries(REPORTED)) {
    const taken = await hall.submit(DISCLOSURE, [[1, card]]);
    await hall.until(taken, 'with the platform', (shown) => shown.with?.delivery?.state !== 'pending');
    for (const [message, fields] of reports) await hall.report(taken, message, fields);
    made.push([name, taken]);
  }
  const files = [
    [1, await photograph(browser, '申请审批表', 45)],
    [2, await picture(browser, '营业执照')],
    [3, await paper(browser, '安全评价报告')],
    [4, await photograph(browser, '资格证明', 120)],
  ];
  const corrected = await hall.submit(EXPLOSIVES, files);
  const [granted, rated] = [await hall.submit(EXPLOSIVES, files), await hall.submit(EXPLOSIVES, files)];
  for (const taken of [corrected, granted, rated]) await hall.until(taken, 'to be corrected', (shown) => shown.state === 'correction');
  for (const taken of [granted, rated]) {
    await hall.act(taken, 'supplement', { text: '已补交仓库安全评价报告盖章页' });
    await hall.until(taken, 'closed', (shown) => shown.state === 'closed');
  }
  await hall.act(rated, 'evaluation', { level: 1, text: '很方便' });
  return [...made, ['correction', corrected], ['granted', granted], ['rated', rated]];
}
