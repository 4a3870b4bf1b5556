/**
 * IPv4 ranges that are not globally reachable, by the IANA IPv4 Special-Purpose Address Registry
 * (https://www.iana.org/assignments/iana-ipv4-special-registry), as first address and prefix length.
 */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '240.0.0.0/4',
]
/** Reachable although they lie in a range above. */
const PUBLIC = ['192.0.0.9/32', '192.0.0.10/32']

const toNumber = (address: string) =>
  address.split('.').reduce((number, part) => number * 256 + Number(part), 0)

const parse = (range: string) => {
  const [address, bits] = range.split('/')
  return { first: toNumber(address), size: 2 ** (32 - Number(bits)) }
}
const notPublic = NOT_PUBLIC.map(parse)
const exceptions = PUBLIC.map(parse)

/** Whether a valid IPv4 address is one of the public internet. */
export function isPublicIp(address: string): boolean {
  const number = toNumber(address)
  const lies = ({ first, size }: { first: number; size: number }) => number >= first && number < first + size
  return exceptions.some(lies) || !notPublic.some(lies)
}
