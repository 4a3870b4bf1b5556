import type { Count } from '../pipeline/step.ts'

// Words that announce an account, in Chinese and in the short forms in use; the account follows a colon, or directly.
const account =
  /(?<![a-z])(?:微信号?|薇信|威信|v信|weixin|wei xin|wechat|vxin|vx|wx|qq群?号?|企鹅号|扣扣)[ \t]{0,3}[:：][ \t]{0,3}[a-z0-9_-]{5,20}(?![a-z0-9_-])/giu
const postalCode = /(?:邮编|邮政编码)[ \t]{0,3}[:：]?[ \t]{0,3}\d{6}(?!\d)/g
const idCard =
  /(?<![0-9a-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx](?![0-9a-z])/gi
// Mobile numbers, numbers with an area code in brackets or before a hyphen, numbers after a word that says so.
const phone =
  /(?<![\d.-])(?:(?:\+|00)86[ -]?)?1[3-9]\d(?:\d{8}|[ -]\d{4}[ -]\d{4})(?![\d.-]*\d)|(?<![\d.-])(?:\(0\d{2,3}\) ?|0\d{2,3}-)[2-9]\d{6,7}(?![\d.-]*\d)|(?:电话|手机|热线|tel|phone)[ \t]{0,3}[:：][ \t]{0,3}\+?\d[\d -]{5,16}\d/giu
const email = /(?<![A-Za-z0-9.\-+_])[A-Za-z0-9.\-+_]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}/g
const ip = /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\w)/g

/** Weights of the 17 digits of an identity card and the check digit by the remainder, GB 11643-1999. */
const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
const hasCheckDigit = (id: string) =>
  '10X98765432'[weights.reduce((sum, weight, i) => sum + weight * Number(id[i]), 0) % 11] ===
  id[17].toUpperCase()

/** A text without accounts, identity cards, telephone numbers, e-mail and IP addresses, each counted. */
export function removePrivateData(text: string, count: Count): string {
  const remove = (what: string) => () => {
    count(what)
    return ''
  }
  return text
    .replace(account, remove('accounts'))
    .replace(postalCode, remove('accounts'))
    .replace(email, remove('emails'))
    .replace(idCard, (id) => (hasCheckDigit(id) ? remove('id-cards')() : id))
    .replace(phone, remove('phones'))
    .replace(ip, remove('ips'))
}
