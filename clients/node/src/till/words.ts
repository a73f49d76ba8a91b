// What this program says by itself, in English and Simplified Chinese. A refusal's sentence comes
// from the till.

const EN = {
  ready: (till: string, currency: string) => `Till ${till}, ${currency}. Type "help" for what it takes.`,
  help:
    'CODE or 3*CODE sells. total, drop CODE, cash [AMOUNT], card, hold [NOTE], held, take N, cancel, ' +
    'void RECEIPT WHY, copy RECEIPT, ask, quit; open FLOAT, lock, unlock, move KIND AMOUNT [WHY], ' +
    'end, count AMOUNT, handover NAME, close, x, closeday, z [N], off',
  line: (item: string, total: string) => `  ${item}   total ${total}`,
  noArticle: (code: string) => `There is no article ${code}.`,
  badScan: 'That was not read well. Scan it again.',
  noSale: 'There is no sale.',
  notALine: (code: string) => `The sale has no ${code}.`,
  standsAt: (lines: number, total: string, due: string) => `${lines} lines, total ${total}, to pay ${due}`,
  receipt: (number: string, total: string, change: string) =>
    `Receipt ${number}: ${total}, change ${change}`,
  rounded: (amount: string) => `Rounded by ${amount}.`,
  held: (lines: number, total: string) => `Put aside: ${lines} lines, ${total}.`,
  heldSale: (n: number, lines: number, total: string, note: string) =>
    `  ${n}: ${lines} lines, ${total} ${note}`,
  nothingHeld: 'Nothing is put aside.',
  interrupted: 'It was interrupted when the till stopped.',
  taken: (lines: number, total: string) => `Taken up: ${lines} lines, ${total}.`,
  cancelled: 'Cancelled.',
  copy: (number: string, copy: number) => `Copy ${copy} of receipt ${number} is on its way.`,
  terminal: (amount: string) => `Card terminal, ${amount}: approved? (y, n, ? when nobody knows)`,
  declined: 'Declined.',
  unknown: 'Nobody knows whether the card was charged. Find out, then type "card".',
  doubt: 'No answer from the till. The same request goes out again.',
  settled: 'An earlier request is answered now:',
  alreadyDone: 'It had been done already, and was not done twice.',
  stillDoubt: 'Still no answer. What was asked is written down; type "ask" to ask again.',
  restarted: 'The till was started anew.',
  waits: 'The sale was interrupted. It is with those put aside: "held".',
  notNow: 'Not in the middle of a sale: finish it, hold it or cancel it.',
  jobHeld: (why: string) => `The receipt waits for the printer: ${why}.`,
  jobInDoubt: 'Nobody knows whether the receipt was printed whole. "copy" prints another.',
  notUnderstood: (text: string) => `"${text}" is not understood. Type "help".`,
  noScanner: 'No scanner: codes are typed.',
  noNews: 'The till tells no news any more.',
  unreachable: 'The till does not answer. Nothing was changed.',
  signOn: 'Who works here? Type your name.',
  pin: 'PIN?',
  welcome: (name: string) => `Good day, ${name}.`,
  approver: 'Somebody else has to agree to this. Name? (empty: no)',
  shift: (id: string, name: string, state: string) => `${id}, ${name}: ${state}`,
  noShift: 'There is no shift.',
  moved: (kind: string, amount: string) => `${kind} ${amount} is recorded.`,
  counted: (amount: string) => `Counted: ${amount}. "count" again, "handover NAME" or "close".`,
  closedShift: (id: string, expected: string, counted: string, difference: string) =>
    `${id} is closed: expected ${expected}, counted ${counted}, difference ${difference}`,
  report: (name: string, day: string) => `${name}, ${day}`,
  total: (name: string, count: string, amount: string) => `  ${name}: ${count}, ${amount}`,
  sales: 'sales',
  returns: 'returns',
  voids: 'voids',
  change: 'change',
  states: { OPEN: 'open', LOCKED: 'locked', ENDED: 'to be counted', CLOSED: 'closed' } as Record<string, string>,
};

type Words = typeof EN;

const ZH: Words = {
  ready: (till, currency) => `收银机 ${till},币种 ${currency}。输入 "help" 查看命令。`,
  help:
    '输入商品码或 3*商品码 销售。total 合计,drop 商品码 删除,cash [金额] 现金,card 刷卡,' +
    'hold [备注] 挂单,held 挂单列表,take N 取单,cancel 取消,void 小票号 原因 作废,copy 小票号 补打,ask 再问,quit 退出;' +
    'open 备用金 开班,lock 锁定,unlock 解锁,move 类型 金额 [原因] 现金进出,end 结束班次,count 金额 清点,' +
    'handover 姓名 交接,close 关班,x X 报表,closeday 日结,z [号码] Z 报表,off 签退',
  line: (item, total) => `  ${item}   合计 ${total}`,
  noArticle: (code) => `没有商品 ${code}。`,
  badScan: '条码没有读好,请重新扫描。',
  noSale: '当前没有单据。',
  notALine: (code) => `单据里没有 ${code}。`,
  standsAt: (lines, total, due) => `${lines} 行,合计 ${total},应付 ${due}`,
  receipt: (number, total, change) => `小票 ${number}:${total},找零 ${change}`,
  rounded: (amount) => `舍入 ${amount}。`,
  held: (lines, total) => `已挂单:${lines} 行,${total}。`,
  heldSale: (n, lines, total, note) => `  ${n}:${lines} 行,${total} ${note}`,
  nothingHeld: '没有挂单。',
  interrupted: '收银机停机时中断。',
  taken: (lines, total) => `已取单:${lines} 行,${total}。`,
  cancelled: '已取消。',
  copy: (number, copy) => `小票 ${number} 的第 ${copy} 份副本正在打印。`,
  terminal: (amount) => `刷卡 ${amount}:成功了吗?(y 成功,n 失败,? 不确定)`,
  declined: '刷卡被拒绝。',
  unknown: '不确定是否已扣款。请查清后输入 "card"。',
  doubt: '收银机没有应答,正在重发同一请求。',
  settled: '之前的请求现在有了应答:',
  alreadyDone: '此前已经完成,没有重复执行。',
  stillDoubt: '仍然没有应答。请求已记下;输入 "ask" 再问一次。',
  restarted: '收银机已重新启动。',
  waits: '单据被中断,已放入挂单:输入 "held" 查看。',
  notNow: '销售进行中:请先结账、挂单或取消。',
  jobHeld: (why) => `小票在等待打印机:${why}。`,
  jobInDoubt: '不确定小票是否完整打印。输入 "copy" 可补打。',
  notUnderstood: (text) => `不明白 "${text}"。请输入 "help"。`,
  noScanner: '没有扫描器:请键入商品码。',
  noNews: '收银机不再发送消息。',
  unreachable: '收银机没有应答,没有任何更改。',
  signOn: '请签到:输入工号。',
  pin: '密码?',
  welcome: (name) => `您好,${name}。`,
  approver: '此操作需要他人授权。授权人工号?(留空取消)',
  shift: (id, name, state) => `${id},${name}:${state}`,
  noShift: '当前没有班次。',
  moved: (kind, amount) => `已记录 ${kind} ${amount}。`,
  counted: (amount) => `已清点:${amount}。可再次 "count","handover 姓名" 交接或 "close" 关班。`,
  closedShift: (id, expected, counted, difference) =>
    `${id} 已关班:应有 ${expected},实点 ${counted},差额 ${difference}`,
  report: (name, day) => `${name},${day}`,
  total: (name, count, amount) => `  ${name}:${count} 笔,${amount}`,
  sales: '销售',
  returns: '退货',
  voids: '作废',
  change: '找零',
  states: { OPEN: '营业中', LOCKED: '已锁定', ENDED: '待清点', CLOSED: '已关班' },
};

export type { Words };

/** For "zh" and "zh-CN" Chinese, for everything else English. */
export function wordsOf(language: string): Words {
  return language.startsWith('zh') ? ZH : EN;
}
