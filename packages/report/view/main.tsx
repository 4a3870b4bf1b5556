import { render } from 'preact'
import { App } from './App.tsx'
import { readData } from './readData.ts'

const page = document.getElementById('page') as HTMLElement

readData().then(
  (report) => render(<App report={report} />, page),
  (error: Error) =>
    render(
      <main class="failure">
        <h1>This report cannot be shown</h1>
        <p>{error.message}</p>
      </main>,
      page,
    ),
)
