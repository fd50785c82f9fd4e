/**
 * The rival of the benchmark of reads, as a process of its own: Apollo Server on Express, type-graphql, TypeORM's
 * repositories and a DataLoader for each relation, all with their defaults. It checks no tokens, keeps no log and
 * no metrics, and has no limits, all of which Rebake does.
 */
import "reflect-metadata";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ApolloServer } from "@apollo/server";
import { expressMiddleware } from "@as-integrations/express5";
import express from "express";
import { buildSchema } from "type-graphql";
import { DataSource } from "typeorm";
import { type Context, createContext } from "./context.js";
import { rivalResolvers } from "./resolvers.js";
import { rivalEntities } from "./types.js";

const dataSource = await new DataSource({
  type: "postgres",
  url: process.argv[2]!,
  entities: rivalEntities,
}).initialize();
const schema = await buildSchema({ resolvers: rivalResolvers });
const apollo = new ApolloServer<Context>({ schema });
await apollo.start();
const app = express();
app.use(
  "/graphql",
  express.json(),
  expressMiddleware(apollo, { context: async () => createContext(dataSource) }),
);
const server = createServer(app).listen(0, "127.0.0.1");
await once(server, "listening");
process.once("disconnect", () => process.exit());
process.send!(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
