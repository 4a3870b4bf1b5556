#!/usr/bin/env node
import { processTerminal } from '@flag/core-tensor/terminal'
import { openModel } from '../models/model.ts'
import { runProgram } from './program.ts'

process.exitCode = await runProgram(process.argv.slice(2), { terminal: processTerminal, openModel })
