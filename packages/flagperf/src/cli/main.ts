#!/usr/bin/env node
import { processTerminal } from '@flag/core-tensor/terminal'
import { run } from './program.ts'

process.exitCode = await run(process.argv.slice(2), processTerminal)
