import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { availableParallelism, hostname, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

const programs = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol']
const searched = `${process.env.PATH}${delimiter}/usr/sbin${delimiter}/sbin`

/** Whether a Slurm can be started here. `.ci/run` installs one, and there its lack is a failure. */
export const hasSlurm =
  process.getuid?.() === 0 &&
  programs.every((program) => {
    try {
      execFileSync('which', [program], { env: { PATH: searched }, stdio: 'ignore' })
      return true
    } catch {
      return false
    }
  })
if (!hasSlurm) {
  const missing = 'No Slurm found: apt-get install slurmctld slurmd slurm-client munge (as root).'
  if (process.env.CI) throw new Error(missing)
  console.warn(`${missing} Its tests are left out.`)
}

/** Two ports of the loopback that nobody uses. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  const ports = await Promise.all(
    servers.map(async (server) => {
      await once(server.listen(0, '127.0.0.1'), 'listening')
      return (server.address() as { port: number }).port
    }),
  )
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))))
  return [ports[0], ports[1]]
}

/**
 * A Slurm of one node with its own munge, on the loopback, for as long as a test runs. `environment` leads sbatch, squeue
 * and scontrol to it.
 */
export async function startSlurm(maxArraySize: number) {
  const folder = await mkdtemp(join(tmpdir(), 'flag-slurm-'))
  // Munge wants every folder above its socket to be searchable by all.
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'controller'))
  await mkdir(join(folder, 'node'))
  await writeFile(join(folder, 'munge.key'), randomBytes(1024), { mode: 0o400 })
  const [controllerPort, nodePort] = await freePorts()
  const name = hostname().split('.')[0]
  const settings = {
    ClusterName: 'flag',
    SlurmctldHost: `${name}(127.0.0.1)`,
    SlurmctldPort: controllerPort,
    SlurmdPort: nodePort,
    SlurmUser: 'root',
    SlurmdUser: 'root',
    AuthType: 'auth/munge',
    // A job that is put back starts when its credentials have expired.
    AuthInfo: `socket=${folder}/munge.socket,cred_expire=5`,
    StateSaveLocation: `${folder}/controller`,
    SlurmdSpoolDir: `${folder}/node`,
    SlurmctldPidFile: `${folder}/slurmctld.pid`,
    SlurmdPidFile: `${folder}/slurmd.pid`,
    ProctrackType: 'proctrack/linuxproc',
    TaskPlugin: 'task/none',
    SelectType: 'select/cons_tres',
    SelectTypeParameters: 'CR_CPU',
    SchedulerParameters: 'sched_interval=1,bf_interval=1',
    SlurmdParameters: 'config_overrides',
    MpiDefault: 'none',
    ReturnToService: 2,
    MaxArraySize: maxArraySize,
    MaxJobCount: 1000,
    KillWait: 2,
  }
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`)
  lines.push(`NodeName=${name} NodeAddr=127.0.0.1 CPUs=${Math.max(2, availableParallelism())} State=UNKNOWN`)
  lines.push(`PartitionName=test Nodes=${name} Default=YES MaxTime=INFINITE State=UP`)
  await writeFile(join(folder, 'slurm.conf'), `${lines.join('\n')}\n`)

  const environment = { ...process.env, PATH: searched, SLURM_CONF: join(folder, 'slurm.conf') }
  const daemons: ChildProcess[] = []
  const start = async (started: RegExp, program: string, ...args: string[]) => {
    const daemon = spawn(program, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
    daemons.push(daemon)
    const said: string[] = []
    for await (const line of createInterface({ input: daemon.stderr as NodeJS.ReadableStream })) {
      said.push(line)
      if (!started.test(line)) continue
      // Nobody reads on, and a full pipe would stop the daemon.
      daemon.stderr?.resume()
      return
    }
    throw new Error(`${program} did not start:\n${said.join('\n')}`)
  }
  const munge = Object.entries({
    'key-file': 'munge.key',
    socket: 'munge.socket',
    'pid-file': 'munge.pid',
    'seed-file': 'munge.seed',
  }).map(([option, file]) => `--${option}=${join(folder, file)}`)
  await start(/Created socket/, 'munged', '--foreground', '--force', ...munge)
  await start(/Running as primary controller/, 'slurmctld', '-D', '-i')
  await start(/slurmd started/, 'slurmd', '-D', '-N', name)
  const call = (program: string, ...args: string[]) =>
    execFileSync(program, args, { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  return {
    environment,
    call,
    async stop(): Promise<void> {
      for (const daemon of daemons.toReversed()) {
        if (daemon.exitCode !== null || daemon.signalCode !== null) continue
        const ended = once(daemon, 'exit')
        daemon.kill('SIGTERM')
        await ended
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
