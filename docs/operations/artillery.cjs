// Functions of artillery.yml: commands of the protocol, their replies, and how long these took.
// Unlike `deal-architect load`, it measures from when a command was sent, and checks no view.
'use strict'

const { randomUUID } = require('node:crypto')

const PATIENCE_MS = 10_000
const CHANNEL = process.env.DEAL_CHANNEL

/** Take every message of the connection: a frame holds one or more, one a line. */
function listen(context, events, done) {
  const waiting = new Set()
  context.vars.waiting = waiting
  context.vars.ref = 0
  context.ws.on('message', (frame) => {
    for (const line of String(frame).split('\n')) {
      const message = JSON.parse(line)
      events.emit('counter', `deal.${message.type}`, 1)
      for (const each of waiting) if (each.takes(message)) each.settle(message)
    }
  })
  done()
}

/** Return the first message for which `takes` holds. */
function wait(context, takes) {
  return new Promise((resolve, reject) => {
    const each = { takes, settle: (message) => end(() => resolve(message)) }
    const timer = setTimeout(() => end(() => reject(new Error('no answer in time'))), PATIENCE_MS)
    const end = (then) => {
      clearTimeout(timer)
      context.vars.waiting.delete(each)
      then()
    }
    context.vars.waiting.add(each)
  })
}

/** Send a command and return its data, with the time that its reply took. */
async function ask(context, events, command) {
  const ref = ++context.vars.ref
  const began = performance.now()
  const reply = wait(context, (message) => message.type === 'reply' && message.ref === ref)
  context.ws.send(JSON.stringify({ ...command, ref, channel: CHANNEL }))
  const { ok, data, error } = await reply
  if (!ok) throw new Error(`${command.type}: ${error.code}`)
  events.emit('histogram', `deal.${command.type}`, performance.now() - began)
  return data
}

/** Make a step of the scenario of an asynchronous function. */
const step = (work) => (context, events, done) => work(context, events).then(() => done(), done)

const join = step(async (context, events) => {
  const whole = wait(context, (message) => message.type === 'snapshot_end')
  await ask(context, events, { type: 'join', view: 'sales', since: null })
  await whole
})

const search = step(async (context, events) => {
  const began = performance.now()
  const found = []
  const first = wait(context, (message) => {
    if (message.type === 'matches' || message.type === 'search_ended') found.push(message.search_id)
    return found.length > 0 && found.includes(context.vars.search)
  })
  const command = { type: 'search', op: randomUUID(), filters: {}, sort: 'price', limit: 50 }
  const data = await ask(context, events, command)
  context.vars.search = data.search_id
  // The first cars may come before the reply, and another person's search may replace this one.
  if (!found.includes(data.search_id)) await first.catch(() => events.emit('counter', 'deal.superseded', 1))
  events.emit('histogram', 'deal.first_matches', performance.now() - began)
})

const note = step(async (context, events) => {
  await ask(context, events, { type: 'note', op: randomUUID(), text: `artillery ${randomUUID()}` })
})

module.exports = { listen, join, search, note }
