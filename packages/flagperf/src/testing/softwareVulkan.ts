import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * Chromium's Vulkan driver that needs no GPU (SwiftShader), with which webgpu runs anywhere: slowly, and right. Sets the
 * environment for this process and those it starts. Gives why not, where the driver or the loader is missing.
 */
export function useSoftwareVulkan(): string | undefined {
  if (process.platform !== 'linux') return 'only tried on Linux'
  const driver = [
    '/usr/lib/chromium/vk_swiftshader_icd.json',
    '/usr/lib64/chromium-browser/vk_swiftshader_icd.json',
  ].find(existsSync)
  if (!driver) return 'no vk_swiftshader_icd.json: install the Debian package chromium'
  if (!execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8' }).includes('libvulkan.so.1'))
    return 'no libvulkan.so.1: install the Debian package libvulkan1'
  process.env.VK_ICD_FILENAMES = driver
  return undefined
}
