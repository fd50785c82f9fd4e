import { GraphiQL } from "graphiql";
import type { Session } from "./session.js";

export interface ExplorerProps {
  session: Session;
  onForget: () => void;
}

/** GraphiQL, below a line that says where one is. */
export function Explorer({ session, onForget }: ExplorerProps) {
  const { fetcher, introspection, tabs } = session;
  return (
    <div className="page">
      <header>
        <h1>Rebake</h1>
        {!introspection && (
          <p role="status">
            This server does not describe its schema (REBAKE_INTROSPECTION=off): operations run, but there is
            no documentation, completion or checking here.
          </p>
        )}
        <button className="forget" type="button" onClick={onForget}>
          Forget the token
        </button>
      </header>
      <GraphiQL
        fetcher={fetcher}
        defaultTabs={tabs}
        defaultEditorToolsVisibility="variables"
        isHeadersEditorEnabled={false}
        showPersistHeadersSettings={false}
        {...(introspection ? {} : { schema: null })}
      >
        <GraphiQL.Logo>
          <span />
        </GraphiQL.Logo>
      </GraphiQL>
    </div>
  );
}
