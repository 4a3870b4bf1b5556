/** Radius of the sphere of the Earth's volume in kilometres (IUGG mean radius R₁). */
const EARTH = 6371.0088

const radians = (degrees: number) => (degrees * Math.PI) / 180

/**
 * Kilometres on the great circle between two positions in degrees `[latitude, longitude]`, by the haversine formula, on
 * a sphere: up to 0.6 % from the ellipsoid.
 */
export function greatCircleDistance(
  [lat1, lon1]: readonly [number, number],
  [lat2, lon2]: readonly [number, number],
): number {
  const [up, across] = [radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2]
  const h = Math.sin(up) ** 2 + Math.cos(radians(lat1)) * Math.cos(radians(lat2)) * Math.sin(across) ** 2
  return 2 * EARTH * Math.asin(Math.min(1, Math.sqrt(h)))
}

/** Street, city, region, country and continent, as IM2GPS and its successors count (Hays and Efros 2008). */
export const distanceThresholds = [1, 25, 200, 750, 2500] as const
