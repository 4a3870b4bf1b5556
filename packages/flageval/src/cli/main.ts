#!/usr/bin/env node
import { openModel } from '../models/model.ts'
import { runProgram } from './program.ts'
import { processTerminal } from './terminal.ts'

process.exitCode = await runProgram(process.argv.slice(2), { terminal: processTerminal, openModel })
