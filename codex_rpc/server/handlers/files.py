"""`fs/*`, but watches."""

from functools import partial

from codex_rpc.managers.files.changes import copy as copy_files
from codex_rpc.managers.files.changes import create_directory as make_directory
from codex_rpc.managers.files.changes import remove as remove_files
from codex_rpc.managers.files.contents import decode_base64, entries, metadata, read_base64
from codex_rpc.managers.files.contents import write as write_bytes
from codex_rpc.managers.files.paths import absolute_path
from codex_rpc.protocol.files import (
    FsCopyParams,
    FsCopyResponse,
    FsCreateDirectoryParams,
    FsCreateDirectoryResponse,
    FsGetMetadataParams,
    FsGetMetadataResponse,
    FsReadDirectoryParams,
    FsReadDirectoryResponse,
    FsReadFileParams,
    FsReadFileResponse,
    FsRemoveParams,
    FsRemoveResponse,
    FsWriteFileParams,
    FsWriteFileResponse,
)
from codex_rpc.server.context import RequestContext


async def read_file(context: RequestContext, params: FsReadFileParams) -> FsReadFileResponse:
    path = absolute_path(params.path, "path")
    data = await context.server.disk.read(partial(read_base64, path))
    return FsReadFileResponse(data_base64=data)


async def write_file(context: RequestContext, params: FsWriteFileParams) -> FsWriteFileResponse:
    path = absolute_path(params.path, "path")
    data = await context.server.disk.read(partial(decode_base64, params.data_base64))
    await context.server.disk.change(partial(write_bytes, path, data))
    return FsWriteFileResponse()


async def create_directory(
    context: RequestContext, params: FsCreateDirectoryParams
) -> FsCreateDirectoryResponse:
    path = absolute_path(params.path, "path")
    recursive = params.recursive is not False
    await context.server.disk.change(partial(make_directory, path, recursive=recursive))
    return FsCreateDirectoryResponse()


async def get_metadata(
    context: RequestContext, params: FsGetMetadataParams
) -> FsGetMetadataResponse:
    path = absolute_path(params.path, "path")
    return await context.server.disk.read(partial(metadata, path))


async def read_directory(
    context: RequestContext, params: FsReadDirectoryParams
) -> FsReadDirectoryResponse:
    path = absolute_path(params.path, "path")
    return FsReadDirectoryResponse(entries=await context.server.disk.read(partial(entries, path)))


async def remove(context: RequestContext, params: FsRemoveParams) -> FsRemoveResponse:
    path = absolute_path(params.path, "path")
    recursive, force = params.recursive is not False, params.force is not False
    await context.server.disk.change(partial(remove_files, path, recursive=recursive, force=force))
    return FsRemoveResponse()


async def copy(context: RequestContext, params: FsCopyParams) -> FsCopyResponse:
    source = absolute_path(params.source_path, "sourcePath")
    destination = absolute_path(params.destination_path, "destinationPath")
    work = partial(copy_files, source, destination, recursive=params.recursive)
    await context.server.disk.change(work)
    return FsCopyResponse()
